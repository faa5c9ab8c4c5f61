#include "workloads/idx.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "core/error.hpp"
#include "workloads/file_bytes.hpp"

namespace fringe {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t unsigned_byte = 0x08;
constexpr std::size_t prefix_bytes = 4;

std::string in_file(std::string_view name) { return "IDX file '" + std::string(name) + "': "; }

std::size_t big_endian(const std::uint8_t* p) {
  return std::size_t{p[0]} << 24 | std::size_t{p[1]} << 16 | std::size_t{p[2]} << 8 | std::size_t{p[3]};
}

std::size_t header_bytes(std::size_t dimensions) { return prefix_bytes + 4 * dimensions; }

// Shape and size that a header promises; `bytes` may be the beginning of the file only.
struct Header {
  std::vector<std::size_t> shape;
  std::size_t values = 1, file_bytes = 0;
};

Header read_header(std::span<const std::uint8_t> bytes, std::string_view name) {
  const auto truncated = [&](std::size_t needed) {
    return Error(in_file(name) + "truncated: " + std::to_string(bytes.size()) +
                 " bytes; the header must have " + std::to_string(needed));
  };
  if (bytes.size() < prefix_bytes) throw truncated(prefix_bytes);
  if (bytes[0] != 0 || bytes[1] != 0 || bytes[2] != unsigned_byte || bytes[3] == 0) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string magic = "0x";
    for (std::size_t i = 0; i < prefix_bytes; ++i) (magic += digits[bytes[i] >> 4]) += digits[bytes[i] & 15];
    throw Error(in_file(name) + "begins with " + magic +
                "; must be 0x000008 (unsigned bytes) and a number of dimensions of at least 1");
  }
  const std::size_t dimensions = bytes[3];
  if (bytes.size() < header_bytes(dimensions)) throw truncated(header_bytes(dimensions));
  Header header;
  for (std::size_t d = 0; d < dimensions; ++d) {
    const std::size_t size = big_endian(bytes.data() + header_bytes(d));
    header.shape.push_back(size);
    if (size != 0 && header.values > std::numeric_limits<std::size_t>::max() / 2 / size)
      throw Error(in_file(name) + "dimension " + std::to_string(d) + " = " + std::to_string(size) +
                  "; the product of the dimensions must fit into memory");
    header.values *= size;
  }
  header.file_bytes = header_bytes(dimensions) + header.values;
  return header;
}

// Unpacks at most one byte more than the header promises, so that a wrong header cannot fill the memory.
class GzipReader {
 public:
  GzipReader(std::span<const std::uint8_t> packed, std::string_view name) : name_(name), left_(packed) {
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, gzip_only) != Z_OK) throw Error(in_file(name_) + "no memory to unpack it");
  }
  ~GzipReader() { inflateEnd(&stream_); }
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // Appends to `out` until it has `size` bytes or the stream ends.
  void unpack(Bytes& out, std::size_t size) {
    constexpr std::size_t chunk = std::size_t{1} << 20;
    while (out.size() < size && !ended_) {
      const std::size_t before = out.size(), room = std::min(chunk, size - before);
      out.resize(before + room);
      feed();
      stream_.next_out = out.data() + before;
      stream_.avail_out = static_cast<uInt>(room);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      out.resize(before + room - stream_.avail_out);
      ended_ = status == Z_STREAM_END;
      if (status == Z_BUF_ERROR || (status == Z_OK && out.size() == before && input_empty()))
        throw Error(in_file(name_) + "truncated: the gzip stream has no end");
      if (status != Z_OK && status != Z_STREAM_END)
        throw Error(in_file(name_) +
                    "damaged gzip stream (zlib: " + (stream_.msg ? stream_.msg : "no detail") + ")");
    }
  }
  std::size_t unread() const { return left_.size() + stream_.avail_in; }

 private:
  bool input_empty() const { return left_.empty() && stream_.avail_in == 0; }
  void feed() {
    if (stream_.avail_in > 0) return;
    const std::size_t take = std::min(left_.size(), std::size_t{1} << 30);
    stream_.next_in = const_cast<Bytef*>(left_.data());  // zlib's interface lacks the const
    stream_.avail_in = static_cast<uInt>(take);
    left_ = left_.subspan(take);
  }

  std::string name_;
  std::span<const std::uint8_t> left_;
  z_stream stream_{};
  bool ended_ = false;
};

IdxArray parse_plain(std::span<const std::uint8_t> bytes, std::string_view name) {
  Header header = read_header(bytes, name);
  if (bytes.size() != header.file_bytes) {
    const bool fewer = bytes.size() < header.file_bytes;
    throw Error(in_file(name) + (fewer ? "truncated: " : "bytes after the end: ") +
                std::to_string(bytes.size()) + " bytes; by its header it must have " +
                std::to_string(header.file_bytes));
  }
  const auto values = bytes.last(header.values);
  return {std::move(header.shape), {values.begin(), values.end()}};
}

IdxArray parse_gzip(std::span<const std::uint8_t> packed, std::string_view name) {
  GzipReader reader(packed, name);
  Bytes plain;
  reader.unpack(plain, prefix_bytes);
  if (plain.size() == prefix_bytes) reader.unpack(plain, header_bytes(plain[3]));
  const Header header = read_header(plain, name);
  reader.unpack(plain, header.file_bytes + 1);
  if (plain.size() > header.file_bytes)
    throw Error(in_file(name) + "bytes after the end: unpacked, it has more than the " +
                std::to_string(header.file_bytes) + " bytes of its header");
  if (plain.size() == header.file_bytes && reader.unread() > 0)
    throw Error(in_file(name) + "bytes after the end: " + std::to_string(reader.unread()) +
                " follow the gzip stream; none may");
  return parse_plain(plain, name);
}

std::filesystem::path find_part(const std::filesystem::path& directory, const std::string& part,
                                int dimensions) {
  const std::string ending = "idx" + std::to_string(dimensions) + "-ubyte";
  for (const char* const separator : {"-", "."})
    for (const char* const packed : {"", ".gz"})
      if (const auto path = directory / (part + separator + ending + packed); std::filesystem::exists(path))
        return path;
  throw Error("data directory '" + directory.string() + "': no '" + part + "-" + ending +
              "'; it must be there, plain or with .gz");
}

Dataset load_part(const std::filesystem::path& directory, const std::string& part, std::size_t classes) {
  const auto images = find_part(directory, part + "-images", 3),
             labels = find_part(directory, part + "-labels", 1);
  Dataset data =
      dataset_from_idx(read_idx(images), images.string(), read_idx(labels), labels.string(), 255, classes);
  const auto folder = std::filesystem::absolute(directory).lexically_normal();
  data.name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  data.source = "IDX files in " + directory.string();
  data.licence = "not stated";
  return data;
}

}  // namespace

IdxArray parse_idx(std::span<const std::uint8_t> bytes, std::string_view name) {
  const bool packed = bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;  // RFC 1952, 2.3.1
  return packed ? parse_gzip(bytes, name) : parse_plain(bytes, name);
}

IdxArray read_idx(const std::filesystem::path& file) {
  return parse_idx(read_file_bytes("IDX file", file), file.string());
}

Dataset dataset_from_idx(const IdxArray& images, std::string_view images_name, const IdxArray& labels,
                         std::string_view labels_name, unsigned full_scale, std::size_t classes) {
  if (labels.shape.size() != 1)
    throw Error(in_file(labels_name) + std::to_string(labels.shape.size()) +
                " dimensions; labels must have one");
  if (images.shape.size() < 2 || images.values.empty())
    throw Error(in_file(images_name) + std::to_string(images.shape.size()) + " dimensions and " +
                std::to_string(images.values.size()) +
                " values; images must have two dimensions or more, none zero");
  const std::size_t samples = images.shape[0], features = images.values.size() / samples;
  if (labels.shape[0] != samples)
    throw Error(in_file(labels_name) + std::to_string(labels.shape[0]) + " labels; must be " +
                std::to_string(samples) + ", one for each image of '" + std::string(images_name) + "'");
  Dataset data;
  data.features = features;
  data.classes = classes;
  data.samples = samples;
  if (images.shape.size() == 3) data.shape = {1, images.shape[1], images.shape[2]};
  data.values.resize(features * samples);
  for (std::size_t i = 0; i < samples; ++i) {
    if (labels.values[i] >= classes)
      throw Error(in_file(labels_name) + "label " + std::to_string(labels.values[i]) + " of sample " +
                  std::to_string(i) + "; must be 0 to " + std::to_string(classes - 1));
    data.labels.push_back(labels.values[i]);
  }
  if (const auto largest = *std::max_element(images.values.begin(), images.values.end());
      largest > full_scale)
    throw Error(in_file(images_name) + "pixel value " + std::to_string(largest) + "; must be 0 to " +
                std::to_string(full_scale));
  std::transform(images.values.begin(), images.values.end(), data.values.begin(),
                 [full_scale](std::uint8_t value) {
                   return static_cast<float>(value) / static_cast<float>(full_scale);
                 });
  return data;
}

TrainTest load_idx_directory(const std::filesystem::path& directory, std::size_t classes) {
  if (!std::filesystem::is_directory(directory))
    throw Error("data directory '" + directory.string() + "': not found; it must be a folder of IDX files");
  TrainTest data{load_part(directory, "train", classes), load_part(directory, "t10k", classes)};
  if (data.train.features != data.test.features)
    throw Error("data directory '" + directory.string() + "': " + std::to_string(data.test.features) +
                " pixels in a test image, " + std::to_string(data.train.features) +
                " in a training image; must agree");
  return data;
}

}  // namespace fringe
