#include "sim/hdf5_arrays.hpp"

#include <hdf5.h>

#include <filesystem>
#include <memory>

#include "core/error.hpp"
#include "sim/trace_hdf5.hpp"

namespace fringe {
namespace {

NumberArray read_array(hid_t file, const std::string& name, const std::string& where) {
  const std::string what = where + "'" + name + "' ";
  const Hdf5Handle set(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
  const Hdf5Handle type(set ? H5Dget_type(set) : -1, H5Tclose), space(set ? H5Dget_space(set) : -1, H5Sclose);
  if (!type || !space) throw Error(what + "cannot be opened");
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_INTEGER && kind != H5T_FLOAT)
    throw Error(what + "must hold whole or floating-point numbers");
  NumberArray array;
  array.whole = kind == H5T_INTEGER;
  array.bytes = array.whole && H5Tget_size(type) == 1 && H5Tget_sign(type) == H5T_SGN_NONE;
  std::vector<hsize_t> sizes(static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
  H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
  array.shape.assign(sizes.begin(), sizes.end());
  array.values.resize(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  if (!array.values.empty() &&
      H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()) < 0)
    throw Error(what + "cannot be read: damaged, or packed by a filter that is not here" + hdf5_reason());
  return array;
}

}  // namespace

ArrayFile hdf5_arrays(const std::string& path) {
  quiet_hdf5();
  const std::string where = "HDF5 file '" + path + "': ";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored))  // HDF5 would block on a pipe
    throw Error(where + "cannot be read; it must be a readable file");
  const auto file =
      std::make_shared<Hdf5Handle>(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!*file) throw Error(where + "is no HDF5 file, or cannot be read" + hdf5_reason());
  ArrayFile arrays{where, {}, {}};
  const auto visit = [](hid_t group, const char* name, const H5L_info_t*, void* names) -> herr_t {
    H5O_info_t info;
    if (H5Oget_info_by_name2(group, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
        info.type == H5O_TYPE_DATASET)
      static_cast<std::vector<std::string>*>(names)->emplace_back(name);
    return 0;
  };
  H5Literate(*file, H5_INDEX_NAME, H5_ITER_INC, nullptr, visit, &arrays.names);
  arrays.read = [file, where](const std::string& name) { return read_array(*file, name, where); };
  return arrays;
}

}  // namespace fringe
