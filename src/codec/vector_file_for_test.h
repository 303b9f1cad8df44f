#pragma once

// The conformance vectors in docs/formats/vectors: made by the tests from fixed keys, and compared with the
// committed file at each run, so that a change of bytes shows as a change of the file. To write them anew,
// after the format's document says so:
//
//   CLOISTER_WRITE_VECTORS=1 build/debug/src/agreement/cloister_agreement_test --gtest_filter='*Vectors*'

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "codec/json.h"

namespace cloister::codec::for_test {

// `path` is the file's; `made` what this build makes of it.
inline void CompareWithVectorFile(const std::string& path, const Json& made) {
  const std::string text = WritePrettyJson(made) + "\n";
  if (std::getenv("CLOISTER_WRITE_VECTORS") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream in(path, std::ios::binary);
  const std::string committed((std::istreambuf_iterator<char>(in)), {});
  EXPECT_TRUE(committed == text) << path << " is not what this build makes";
}

}  // namespace cloister::codec::for_test
