# How every target of the project is compiled, and the two functions that declare one.
include(GNUInstallDirs)
include(GoogleTest)
find_package(Threads REQUIRED)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

add_library(fringe_options INTERFACE)
# Numbers that must agree between compilers: no contraction unless a kernel's own file asks for it.
target_compile_options(fringe_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -ffp-contract=off -fno-math-errno>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>  # g++ 12 suspects "a" + std::string: GCC bug 105651
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${FRINGE_WERROR}>>:-Werror>
  $<$<COMPILE_LANGUAGE:CUDA>:--fmad=false -Xcompiler=-Wall,-Wextra,-ffp-contract=off>)
if(FRINGE_SANITIZE)
  target_compile_options(fringe_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${FRINGE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all>)
  target_link_options(fringe_options INTERFACE -fsanitize=${FRINGE_SANITIZE})
endif()

if(FRINGE_CUDA)
  set(CMAKE_CUDA_COMPILER ${FRINGE_NVCC})
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
  endif()
  enable_language(CUDA)
  set(CMAKE_CUDA_STANDARD 20)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)  # nvcc has it since 12.0, CMake knows it since 3.26
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
  find_package(CUDAToolkit REQUIRED)
  # nvcc knows its headers. So a source for the host is compiled by the same command with CUDA and without, and one
  # folder can go from a build without it to one with it.
  set_target_properties(CUDA::cudart_static CUDA::cublas PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "" INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "")
endif()

# fringe_precompile(TARGET <header>…): these headers, which nearly all its sources include, are parsed once for the target,
# and with FRINGE_PCH, in the builds of clang++, the usual standard ones: those of g++ hold that each source includes what
# it uses, and g++ 12 warns of overflows in precompiled strings that aren't there. Sources with flags of their own can't
# share them.
set(standard_headers <algorithm> <array> <cmath> <complex> <cstdint> <filesystem> <functional> <limits> <map> <memory>
  <numeric> <optional> <span> <string> <string_view> <vector>)
function(fringe_precompile target)
  set(headers ${ARGN})
  if(FRINGE_PCH)
    list(PREPEND headers ${standard_headers})
  endif()
  foreach(header ${headers})
    target_precompile_headers(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${header}>)
  endforeach()
  # What ccache asks for to know a precompiled header again.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>
    "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")
  cmake_language(EVAL CODE "cmake_language(DEFER CALL fringe_skip_precompiled ${target})")
endfunction()
function(fringe_skip_precompiled target)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    get_source_file_property(options ${source} COMPILE_OPTIONS)
    if(options)
      set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
endfunction()

# fringe_library(core a.cpp …): library fringe_core, alias fringe::core, headers below the repository root.
# It is installed with its folder's headers (cmake/install.cmake).
function(fringe_library name)
  add_library(fringe_${name} STATIC ${ARGN})
  add_library(fringe::${name} ALIAS fringe_${name})
  set_target_properties(fringe_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_include_directories(fringe_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/fringe>)
  target_compile_features(fringe_${name} PUBLIC cxx_std_20)
  target_link_libraries(fringe_${name} PRIVATE $<BUILD_INTERFACE:fringe_options>)
  if(FRINGE_PCH)
    fringe_precompile(fringe_${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY FRINGE_LIBRARIES ${name})
endfunction()

# fringe_test(core a.cpp …): executable test_core, run by ctest test by test, labelled core; tests with "Gpu" or "Cuda"
# in their full name (suite, instance or case) are labelled gpu.
function(fringe_test name)
  add_executable(test_${name} ${ARGN})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(test_${name} PRIVATE FRINGE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(test_${name} PRIVATE fringe_options GTest::gtest GTest::gtest_main)
  fringe_precompile(test_${name} <gtest/gtest.h>)
  if(FRINGE_SANITIZE)
    target_compile_definitions(test_${name} PRIVATE FRINGE_SANITIZED)
    target_compile_options(test_${name} PRIVATE -O0)  # the libraries' time matters, the tests' compile time too
  else()
    target_compile_options(test_${name} PRIVATE $<$<CONFIG:Release>:-O1>)  # for the same reason
  endif()
  set(gpu "*Gpu*:*Cuda*:*/cuda*:*/gpu*")
  gtest_discover_tests(test_${name} TEST_PREFIX ${name}. TEST_LIST ${name}_tests TEST_FILTER "-${gpu}"
    DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${name} TIMEOUT 600)
  gtest_discover_tests(test_${name} TEST_PREFIX ${name}. TEST_LIST ${name}_gpu_tests TEST_FILTER "${gpu}"
    DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES LABELS gpu TIMEOUT 600)
endfunction()
