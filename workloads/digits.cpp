#include "workloads/digits.hpp"

#include "workloads/embedded.hpp"
#include "workloads/idx.hpp"

namespace fringe {

const Dataset& optical_digits() {
  static const Dataset digits = [] {
    constexpr std::string_view images = "optical_digits/images-idx3-ubyte.gz";
    constexpr std::string_view labels = "optical_digits/labels-idx1-ubyte.gz";
    Dataset data = dataset_from_idx(parse_idx(embedded::optical_digits_images(), images), images,
                                    parse_idx(embedded::optical_digits_labels(), labels), labels, 16, 10);
    data.name = "optical-digits";
    data.source =
        "E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository "
        "(1998), "
        "doi:10.24432/C50P49";
    data.licence = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/";
    return data;
  }();
  return digits;
}

}  // namespace fringe
