# cmake -DINPUT=file -DNAME=symbol -DOUTPUT=file.cpp -P embed.cmake: a file's bytes as fringe::embedded::symbol.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT} "#include \"workloads/embedded.hpp\"
namespace fringe::embedded {
namespace {
constexpr std::uint8_t bytes[] = {${bytes}};
}
std::span<const std::uint8_t> ${NAME}() { return bytes; }
}  // namespace fringe::embedded
")
