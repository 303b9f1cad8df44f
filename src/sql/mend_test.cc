#include "sql/mend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile.h"

namespace cloister::sql {
namespace {

using testing::Optional;

// "SELECT a" with one complaint at a, for which b might stand.
CompileRequest Request() {
  CompileRequest request;
  request.text = "SELECT a";
  return request;
}
Finding Complaint() { return {.rule = "R20", .range = {7, 8}, .message = "not a", .fix = "b"}; }

std::optional<std::string> MendOf(const std::vector<std::string>& asked, const Tried& tried) {
  return WithMends(Request(), {{Complaint()}, asked}, [&](const std::string&) { return tried; })[0].fix;
}

TEST(Mend, IsToldWhenTheQueryCompilesWithIt) {
  EXPECT_THAT(MendOf({"x"}, {{}, {{"x"}}}), Optional(std::string("b")));
  EXPECT_EQ(MendOf({"x"}, {{Complaint()}, {{"x"}}}), std::nullopt);
}

TEST(Mend, IsNotToldWhenTheAnswerWouldHaveOtherColumns) {
  EXPECT_EQ(MendOf({"x"}, {{}, {{"y"}}}), std::nullopt);
  EXPECT_EQ(MendOf({"x"}, {{}, {{"x", "y"}}}), std::nullopt);
}

TEST(Mend, AColumnWithoutANameMayBeComputedOtherwise) {
  EXPECT_THAT(MendOf({"max(pay)"}, {{}, {{"avg(pay)"}}}), Optional(std::string("b")));
}

}  // namespace
}  // namespace cloister::sql
