// The file below a growing trace: an HDF5 driver that orders writes, so that a kill or a full disk at any
// moment leaves a file that every HDF5 reader opens, with all that was flushed before.
//
// HDF5 updates its metadata in place and in no helpful order: old metadata may point at new before the new is
// written, or behind the end of the file that the superblock names. Here raw data goes out at once, metadata
// waits for the next flush and then goes in this order: what lies in new space, the superblock (which names
// the new end), what is overwritten in place, by ascending address. In the version 1 B-trees of the earliest
// format a parent lies below its children, so an index first points at new nodes and then drops what moved
// there. (HDF5 File Format Specification 3.0, II.A, III.A.)
#pragma once

#include <hdf5.h>

#include <map>
#include <span>
#include <string>
#include <vector>

#include "sim/trace_hdf5.hpp"

namespace fringe {

class OrderedFile {
 public:
  /// Writes through `descriptor`, which it closes in the end.
  explicit OrderedFile(int descriptor) noexcept : descriptor_(descriptor) {}
  OrderedFile(const OrderedFile&) = delete;
  OrderedFile& operator=(const OrderedFile&) = delete;
  ~OrderedFile();

  /// Creates an empty HDF5 file, in the earliest format, on the descriptor. This object must outlive the
  /// handle.
  Hdf5Handle create(const std::string& path);

  /// What the system said when a write first failed, "" where none did. From then on the file keeps its state
  /// and HDF5, which could not close it otherwise, writes into the void: ask after each flush.
  const std::string& failure() const noexcept { return failure_; }

  // For the driver.
  void write_raw(haddr_t address, std::span<const char> bytes);
  void write_metadata(haddr_t address, std::span<const char> bytes);
  bool read(haddr_t address, std::span<char> bytes);
  void commit();
  haddr_t end = 0;  ///< of the space that HDF5 has handed out

 private:
  void put(haddr_t address, std::span<const char> bytes);
  void forget(haddr_t from, haddr_t to);

  int descriptor_;
  haddr_t committed_end_ = 0;
  std::map<haddr_t, std::vector<char>> pending_;  // by address, disjoint
  std::string failure_;
};

}  // namespace fringe
