#include "sim/ordered_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

namespace fringe {
namespace {

struct DriverFile {
  H5FD_t head;  // HDF5's part, first
  OrderedFile* file;
};
OrderedFile& file_of(const H5FD_t* head) { return *reinterpret_cast<const DriverFile*>(head)->file; }

H5FD_t* open_file(const char*, unsigned, hid_t access, haddr_t) {
  const void* info = H5Pget_driver_info(access);
  return info == nullptr ? nullptr : &(new DriverFile{{}, *static_cast<OrderedFile* const*>(info)})->head;
}

herr_t close_file(H5FD_t* head) {
  delete reinterpret_cast<DriverFile*>(head);
  return 0;
}

herr_t read_file(H5FD_t* head, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* data) {
  return file_of(head).read(address, {static_cast<char*>(data), size}) ? 0 : -1;
}

herr_t write_file(H5FD_t* head, H5FD_mem_t type, hid_t, haddr_t address, std::size_t size, const void* data) {
  const std::span bytes(static_cast<const char*>(data), size);
  if (type == H5FD_MEM_DRAW)
    file_of(head).write_raw(address, bytes);
  else
    file_of(head).write_metadata(address, bytes);
  return 0;
}

const H5FD_class_t driver = [] {
  H5FD_class_t c{};
  c.name = "fringe_ordered";
  c.maxaddr = HADDR_MAX / 2;
  c.fc_degree = H5F_CLOSE_WEAK;
  c.fapl_size = sizeof(OrderedFile*);
  c.open = open_file;
  c.close = close_file;
  c.query = [](const H5FD_t*, unsigned long* flags) -> herr_t {
    *flags = H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
  };
  c.get_eoa = [](const H5FD_t* head, H5FD_mem_t) { return file_of(head).end; };
  c.set_eoa = [](H5FD_t* head, H5FD_mem_t, haddr_t end) -> herr_t {
    file_of(head).end = end;
    return 0;
  };
  c.get_eof = [](const H5FD_t* head, H5FD_mem_t) { return file_of(head).end; };
  c.read = read_file;
  c.write = write_file;
  c.flush = [](H5FD_t* head, hid_t, hbool_t) -> herr_t {
    file_of(head).commit();
    return 0;
  };
  return c;
}();

}  // namespace

OrderedFile::~OrderedFile() { ::close(descriptor_); }

Hdf5Handle OrderedFile::create(const std::string& path) {
  static const hid_t driver_id = H5FDregister(&driver);
  const Hdf5Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  H5Pset_sym_k(creation, 16, 16);               // the root's list of tables neither splits …
  H5Pset_local_heap_size_hint(creation, 1024);  // … nor moves
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST);
  H5Pset_file_locking(access, false, true);  // HDF5's lock would shut out live followers
  H5Pset_alignment(access, 2048, 4096);      // a kill tears writes at pages: no B-tree node straddles them
  const OrderedFile* self = this;
  H5Pset_driver(access, driver_id, &self);
  return {H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose};
}

void OrderedFile::put(haddr_t address, std::span<const char> bytes) {
  while (failure_.empty() && !bytes.empty()) {
    const ssize_t n = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(address));
    if (n > 0) {
      address += static_cast<haddr_t>(n);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      failure_ = std::strerror(errno);
    }
  }
}

/// Drops what waits for [from, to): HDF5 has freed that space and writes something else there.
void OrderedFile::forget(haddr_t from, haddr_t to) {
  auto block = pending_.upper_bound(from);
  if (block != pending_.begin() && std::prev(block)->first + std::prev(block)->second.size() > from) --block;
  while (block != pending_.end() && block->first < to) {
    const haddr_t start = block->first;
    const std::vector<char> bytes = std::move(block->second);
    block = pending_.erase(block);
    const auto at = [&](haddr_t address) {
      return bytes.begin() + static_cast<std::ptrdiff_t>(address - start);
    };
    if (start < from) pending_[start].assign(bytes.begin(), at(from));
    if (start + bytes.size() > to) pending_[to].assign(at(to), bytes.end());
  }
}

void OrderedFile::write_raw(haddr_t address, std::span<const char> bytes) {
  forget(address, address + bytes.size());
  put(address, bytes);
}

void OrderedFile::write_metadata(haddr_t address, std::span<const char> bytes) {
  forget(address, address + bytes.size());
  pending_[address].assign(bytes.begin(), bytes.end());
}

bool OrderedFile::read(haddr_t address, std::span<char> bytes) {
  std::fill(bytes.begin(), bytes.end(), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n =
        ::pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(address + done));
    if (n == 0) break;  // behind the end: zeros
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  for (const auto& [start, block] : pending_) {
    const haddr_t from = std::max(start, address),
                  to = std::min(start + block.size(), address + bytes.size());
    if (from < to)
      std::copy(block.begin() + static_cast<std::ptrdiff_t>(from - start),
                block.begin() + static_cast<std::ptrdiff_t>(to - start),
                bytes.begin() + static_cast<std::ptrdiff_t>(from - address));
  }
  return true;
}

void OrderedFile::commit() {
  if (failure_.empty() && end > committed_end_ && ::ftruncate(descriptor_, static_cast<off_t>(end)) != 0)
    failure_ = std::strerror(errno);
  const auto in_new_space = pending_.lower_bound(committed_end_);
  for (auto block = in_new_space; block != pending_.end(); ++block) put(block->first, block->second);
  for (auto block = pending_.begin(); block != in_new_space; ++block) put(block->first, block->second);
  if (!failure_.empty()) return;
  pending_.clear();
  committed_end_ = std::max(end, committed_end_);
}

}  // namespace fringe
