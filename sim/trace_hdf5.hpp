// What the trace writer and the trace readers share of the HDF5 C library.
#pragma once

#include <hdf5.h>

#include <string>
#include <string_view>
#include <utility>

#include "sim/schema.hpp"

namespace fringe {

/// Owns one HDF5 identifier.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Close close) noexcept : id_(id), close_(close) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }
  explicit operator bool() const noexcept { return id_ >= 0; }
  operator hid_t() const noexcept { return id_; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// Stops HDF5 from printing its errors; they become fringe::Error.
void quiet_hdf5() noexcept;
/// ": No space left on device" or the like from the last failed HDF5 call, "" where the system gave no
/// reason.
std::string hdf5_reason();

/// The type in memory; equal to the type in the file on a little-endian machine.
hid_t native_type(TraceType type) noexcept;
/// The type in the file. Strings: zero-padded UTF-8 of fixed width in columns, of any length as attributes.
Hdf5Handle stored_type(TraceType type);
Hdf5Handle any_length_string();

/// Opens a trace for reading. Error where the file is missing, is not a fringe trace or has a higher major
/// version.
Hdf5Handle open_trace(const std::string& path);
/// Whether `path` is an HDF5 file whose root says that it is a fringe trace.
bool is_trace(const std::string& path);

}  // namespace fringe
