#include "control/workflow/job_runner.h"

#include <gtest/gtest.h>

#include <limits>

#include "agreement/charter.h"

namespace cloister::control {
namespace {

TEST(JobRunner, ACallLastsAsLongAsTheQueryAndThoseThatAreRunAgainBeforeIt) {
  EXPECT_EQ(ExecuteBoundMs(60'000, 0), 60'000 + kExecuteGraceMs);
  EXPECT_EQ(ExecuteBoundMs(60'000, 99), 100 * 60'000 + kExecuteGraceMs);
  EXPECT_EQ(ExecuteBoundMs(0, 1'000'000), kExecuteGraceMs);
}

TEST(JobRunner, TheBoundOfACallIsBounded) {
  const std::int64_t most_ms = agreement::kRunBoundsMost.query_ms;
  EXPECT_EQ(ExecuteBoundMs(most_ms, 1000), kExecuteBoundMsMax);
  EXPECT_EQ(ExecuteBoundMs(1, std::numeric_limits<std::size_t>::max()), kExecuteBoundMsMax);
  const auto runs = static_cast<std::size_t>((kExecuteBoundMsMax - kExecuteGraceMs) / most_ms);
  EXPECT_LE(ExecuteBoundMs(most_ms, runs - 1), kExecuteBoundMsMax);
  EXPECT_EQ(ExecuteBoundMs(most_ms, runs), kExecuteBoundMsMax);
}

TEST(JobRunner, SilenceIsNoVerdict) {
  for (const Code code : {Code::kUnavailable, Code::kDataLoss, Code::kDeadlineExceeded}) {
    EXPECT_TRUE(MayBeAskedAgain(code)) << CodeName(code);
  }
  for (const Code code : {Code::kRefused, Code::kFailedPrecondition, Code::kResourceExhausted, Code::kCancelled}) {
    EXPECT_FALSE(MayBeAskedAgain(code)) << CodeName(code);
  }
}

}  // namespace
}  // namespace cloister::control
