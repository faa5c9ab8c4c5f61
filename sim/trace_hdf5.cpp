#include "sim/trace_hdf5.hpp"

#include <array>
#include <filesystem>
#include <system_error>

#include "core/error.hpp"

namespace fringe {
namespace {

Hdf5Handle open_for_reading(const std::string& path) {
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // A reader may follow a live writer, and a trace may lie on a read-only or networked disk.
  H5Pset_file_locking(access, false, true);
  return {H5Fopen(path.c_str(), H5F_ACC_RDONLY, access), H5Fclose};
}

std::string file_type_of(hid_t file) {
  if (H5Aexists(file, "file_type") <= 0) return "";
  const Hdf5Handle attribute(H5Aopen(file, "file_type", H5P_DEFAULT), H5Aclose);
  const Hdf5Handle stored(H5Aget_type(attribute), H5Tclose);
  if (H5Tis_variable_str(stored) <= 0) return "";
  const Hdf5Handle type = any_length_string();
  char* text = nullptr;
  if (H5Aread(attribute, type, &text) < 0 || text == nullptr) return "";
  std::string value(text);
  H5free_memory(text);
  return value;
}

}  // namespace

void quiet_hdf5() noexcept { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

std::string hdf5_reason() {
  std::string reason;
  const auto visit = [](unsigned, const H5E_error2_t* error, void* data) -> herr_t {
    const std::string_view text = error->desc != nullptr ? error->desc : "";
    constexpr std::string_view mark = "error message = '";
    if (const std::size_t at = text.find(mark); at != text.npos) {
      const std::string_view rest = text.substr(at + mark.size());
      *static_cast<std::string*>(data) = ": " + std::string(rest.substr(0, rest.find('\'')));
    }
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, visit, &reason);
  return reason;
}

hid_t native_type(TraceType type) noexcept {
  switch (type) {
    case TraceType::f64:
      return H5T_NATIVE_DOUBLE;
    case TraceType::f32:
      return H5T_NATIVE_FLOAT;
    case TraceType::i64:
      return H5T_NATIVE_INT64;
    case TraceType::u64:
      return H5T_NATIVE_UINT64;
    default:
      return -1;
  }
}

Hdf5Handle stored_type(TraceType type) {
  const auto copy_of = [](hid_t base) { return Hdf5Handle(H5Tcopy(base), H5Tclose); };
  switch (type) {
    case TraceType::f64:
      return copy_of(H5T_IEEE_F64LE);
    case TraceType::f32:
      return copy_of(H5T_IEEE_F32LE);
    case TraceType::i64:
      return copy_of(H5T_STD_I64LE);
    case TraceType::u64:
      return copy_of(H5T_STD_U64LE);
    default:
      break;
  }
  Hdf5Handle text = copy_of(H5T_C_S1);
  H5Tset_size(text, stored_bytes(type));
  H5Tset_strpad(text, H5T_STR_NULLPAD);
  H5Tset_cset(text, H5T_CSET_UTF8);
  return text;
}

Hdf5Handle any_length_string() {
  Hdf5Handle text(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(text, H5T_VARIABLE);
  H5Tset_cset(text, H5T_CSET_UTF8);
  return text;
}

bool is_trace(const std::string& path) {
  quiet_hdf5();
  std::error_code ignored;
  // HDF5 would block on a pipe.
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  const Hdf5Handle file = open_for_reading(path);
  return file && file_type_of(file) == trace_file_type;
}

Hdf5Handle open_trace(const std::string& path) {
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (status.type() == std::filesystem::file_type::not_found) throw Error("trace " + path + ": no such file");
  if (failure) throw Error("trace " + path + ": " + failure.message());
  if (status.type() == std::filesystem::file_type::directory)
    throw Error("trace " + path + ": is a directory, not a file");
  if (!is_trace(path)) throw Error("trace " + path + ": is not a fringe trace");
  Hdf5Handle file = open_for_reading(path);
  const Hdf5Handle version(H5Aopen(file, "schema_version", H5P_DEFAULT), H5Aclose);
  const Hdf5Handle space(version ? H5Aget_space(version) : -1, H5Sclose);
  std::array<std::int64_t, 2> number{};
  if (!space || H5Sget_simple_extent_npoints(space) != 2 ||
      H5Aread(version, H5T_NATIVE_INT64, number.data()) < 0)
    throw Error("trace " + path + ": has no schema version");
  if (number[0] > schema_version.major)
    throw Error("trace " + path + ": has schema version " + std::to_string(number[0]) + "." +
                std::to_string(number[1]) + ", this program reads up to " +
                std::to_string(schema_version.major) + ".x");
  return file;
}

}  // namespace fringe
