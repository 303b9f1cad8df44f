#include "sealing/result_padding.h"

#include <gtest/gtest.h>

#include "codec/json.h"

namespace cloister::sealing {
namespace {

TEST(SizeBand, IsTheNextPowerOfTwoFromFourKibibytes) {
  EXPECT_EQ(SizeBand(0), 4096u);
  EXPECT_EQ(SizeBand(1), 4096u);
  EXPECT_EQ(SizeBand(4096), 4096u);
  EXPECT_EQ(SizeBand(4097), 8192u);
  EXPECT_EQ(SizeBand(1'000'000), 1'048'576u);
  EXPECT_EQ(SizeBand(std::uint64_t{1} << 62), std::uint64_t{1} << 62);
}

TEST(PadJson, FillsTheBandAndStaysTheSameValue) {
  const std::string json = R"({"rows":[[1,"a"]]})";
  const std::string padded = PadJson(json);
  EXPECT_EQ(padded.size(), 4096u);
  EXPECT_EQ(codec::ParseJson(padded).value(), codec::ParseJson(json).value());
  EXPECT_EQ(PadJson(json, 65536).size(), 65536u);
  EXPECT_EQ(PadJson("[" + std::string(5000, ' ') + "]", 4096).size(), 8192u) << "never cut";
}

}  // namespace
}  // namespace cloister::sealing
