/* A board that exists in a test only. Functions whose bit stands in `failing` return an error;
   FAKE_OLD_DRIVER leaves out what older drivers lack. */
#include <string.h>

unsigned fake_failing = 0;
int fake_open = 0;
unsigned long long fake_millijoules = 5000, fake_reasons = 0x5;
enum { init = 1, by_bus_id = 2, clock_info = 4, temperature = 8, why_slow = 16, power = 32, energy = 64 };
static int result(unsigned function) { return fake_failing & function ? 3 : 0; }

const char* nvmlErrorString(int code) { return code == 3 ? "Not Supported" : "Unknown Error"; }
int nvmlInit_v2(void) {
  if (!result(init)) ++fake_open;
  return result(init);
}
int nvmlShutdown(void) {
  --fake_open;
  return 0;
}
int nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** device) {
  *device = &fake_open;
  return strcmp(id, "0000:3b:00.0") ? 6 : result(by_bus_id);
}
int nvmlDeviceGetClockInfo(void* device, int type, unsigned* mhz) {
  (void)device;
  *mhz = type == 1 ? 1980 : type == 2 ? 2619 : 0;
  return result(clock_info);
}
int nvmlDeviceGetTemperature(void* device, int sensor, unsigned* celsius) {
  (void)device, (void)sensor;
  *celsius = 61;
  return result(temperature);
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) {
  (void)device;
  *milliwatts = 540400;
  return result(power);
}
int nvmlDeviceGetCurrentClocksThrottleReasons(void* device, unsigned long long* bits) {
  (void)device;
  *bits = fake_reasons;
  return result(why_slow);
}
#ifndef FAKE_OLD_DRIVER
int nvmlDeviceGetCurrentClocksEventReasons(void* device, unsigned long long* bits) {
  return nvmlDeviceGetCurrentClocksThrottleReasons(device, bits);
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
  (void)device;
  *millijoules = fake_millijoules;
  return result(energy);
}
#endif
