#include "engine/choice_function.h"

#include <gmock/gmock.h>

#include <set>

#include "engine/database_for_test.h"
#include "engine/watchdog.h"

namespace cloister::engine {
namespace {

constexpr ChoiceKey kKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

// Appendix A of the paper: key 00..0f, message 00..0e.
TEST(SipHash, GivesThePapersExample) {
  const Bytes message = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  EXPECT_EQ(SipHash24(kKey, message), 0xa129ca6149be45e5u);
}

class ChoiceTest : public testing::Test {
 protected:
  Result<std::vector<std::string>> Choose(const std::string& arguments, const ChoiceKey& key = kKey) {
    auto connection = Connect(database_->internals().database.get());
    const ChoiceKeyScope scope(database_->internals().choice_keys, connection->get(), key);
    Cancellation cancellation;
    const Watchdog watchdog(connection->get(), cancellation.state(), 60'000);
    TextSink sink;
    CLOISTER_TRY(RunSelectOn(
        connection->get(), watchdog,
        {.sql = "SELECT CAST(cloister_choice(" + arguments + ") AS HUGEINT)", .columns = {{"c", "HUGEINT"}}},
        kLimitsForTest, sink));
    return std::move(sink.rows);
  }

  std::unique_ptr<Database> database_ = DatabaseForTest();
};

TEST_F(ChoiceTest, DependsOnEveryArgumentAndTheKey) {
  std::set<std::string> seen;
  for (const char* arguments :
       {"1, 7", "2, 7", "1, 8", "1, 7, NULL", "1, 7, ''", "1, 7, 'a'", "1, 7, 'ab'", "1, 7, 'a', 'b'", "7, 1",
        "1, NULL", "1, 'longer than twelve bytes'", "1, DATE '2026-11-22'", "1, true", "1, 1.5", "1, 7::HUGEINT"}) {
    const auto chosen = Choose(arguments);
    ASSERT_TRUE(chosen.has_value()) << arguments << chosen.error().detail;
    EXPECT_TRUE(seen.insert(chosen->front()).second) << arguments;
  }
  EXPECT_TRUE(seen.insert(Choose("1, 7", {1, 2})->front()).second);
  EXPECT_EQ(*Choose("1, 7"), *Choose("1, 7"));
}

TEST_F(ChoiceTest, IsNothingWithoutAKey) {
  EXPECT_FALSE(Select(*database_, "SELECT CAST(cloister_choice(1, 2) AS HUGEINT)", {"HUGEINT"}).has_value());
}

TEST_F(ChoiceTest, RefusesTypesThatCannotChoose) { EXPECT_FALSE(Choose("1, [1, 2]").has_value()); }

}  // namespace
}  // namespace cloister::engine
