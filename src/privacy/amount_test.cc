#include "privacy/amount.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cloister::privacy {
namespace {

std::int64_t Nano(double value, Rounding rounding) { return Epsilon::FromNumber(value, rounding).value().units(); }

TEST(Amount, IsTheDecimalTextThatTheOwnerSigned) {
  EXPECT_EQ(Nano(0.1, Rounding::kUp), 100'000'000);
  EXPECT_EQ(Nano(0.1, Rounding::kDown), 100'000'000);
  EXPECT_EQ(Nano(3, Rounding::kUp), 3'000'000'000);
  EXPECT_EQ(Nano(1e6, Rounding::kUp), 1'000'000'000'000'000);
  EXPECT_EQ(Delta::FromNumber(1e-6, Rounding::kUp).value().units(), 1'000'000'000'000);
  EXPECT_EQ(Delta::FromNumber(1e-18, Rounding::kDown).value().units(), 1);
}

TEST(Amount, RoundsDigitsBeyondItsUnitToTheSideTold) {
  EXPECT_EQ(Nano(1e-10, Rounding::kUp), 1);
  EXPECT_EQ(Nano(1e-10, Rounding::kDown), 0);
  EXPECT_EQ(Nano(0.1234567891, Rounding::kUp), 123'456'790);
  EXPECT_EQ(Nano(0.1234567891, Rounding::kDown), 123'456'789);
  EXPECT_EQ(Nano(5e-324, Rounding::kUp), 1);
  EXPECT_EQ(Nano(1.0 / 3, Rounding::kUp), 333'333'334);
}

TEST(Amount, TenTenthsAreOne) {
  Epsilon sum;
  for (int i = 0; i < 10; ++i) sum += Epsilon::FromNumber(0.1, Rounding::kUp).value();
  EXPECT_EQ(sum.units(), Epsilon::kOne);
  EXPECT_EQ(sum.ToNumber(), 1.0);
}

TEST(Amount, WritesTheNumberThatItRead) {
  for (const double value : {0.1, 0.3, 1e-6, 2.5, 123456.789, 1e-9, 999999.999999999}) {
    EXPECT_EQ(Epsilon::FromNumber(value, Rounding::kUp).value().ToNumber(), value);
  }
  for (const double value : {1e-6, 1e-18, 0.05, 1.0, 0.123456789012345}) {
    EXPECT_EQ(Delta::FromNumber(value, Rounding::kDown).value().ToNumber(), value);
  }
}

TEST(Amount, RefusesWhatIsNoAmount) {
  for (const double value : {-1.0, std::nan(""), HUGE_VAL, 1e300, 1e10}) {
    EXPECT_FALSE(Epsilon::FromNumber(value, Rounding::kUp)) << value;
  }
}

TEST(Amount, SumsStopAtTheLargestValue) {
  const Epsilon most = Epsilon::OfUnits(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(most + Epsilon::OfUnits(1), most);
  EXPECT_EQ(most.Times(3), most);
  EXPECT_EQ(Epsilon::OfUnits(5).Minus(Epsilon::OfUnits(7)), Epsilon());
  EXPECT_EQ(Epsilon::OfUnits(7).Share(2).units(), 3);
}

}  // namespace
}  // namespace cloister::privacy
