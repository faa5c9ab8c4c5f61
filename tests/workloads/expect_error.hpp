// An Error must be one sentence that names what it is about.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "core/error.hpp"

namespace fringe::testing {

template <class F>
void expect_error(F&& call, std::initializer_list<const char*> parts) {
  try {
    call();
    ADD_FAILURE() << "no Error thrown";
  } catch (const Error& error) {
    const std::string text = error.what();
    for (const char* const part : parts)
      EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is missing in: " << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
}

}  // namespace fringe::testing
