/* A CUDA driver that exists in a test only: of a version, and whether and how it fails to start. */
int cuInit(unsigned flags) {
  (void)flags;
  return FAKE_INIT;
}
int cuDriverGetVersion(int* version) {
  *version = FAKE_VERSION;
  return 0;
}
int cuGetProcAddress(const char* name, void** function, int version, unsigned long long flags) {
  (void)name, (void)version, (void)flags;
  *function = 0;
  return 500; /* not found */
}
