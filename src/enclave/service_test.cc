// The methods of the channel, as a host calls them.
#include "enclave/service.h"

#include "enclave/story_for_test.h"

namespace cloister::enclave {
namespace {

class ServiceTest : public EnclaveStory {
 protected:
  Result<net::ChannelAnswer> Ask(const char* method, codec::JsonObject params = {}) {
    Service service(*enclave_, {}, [this] { stopped_ = true; });
    return service.Handle({.method = method, .params = codec::Json(std::move(params)), .body = {}});
  }
  bool stopped_ = false;
};

TEST_F(ServiceTest, EndsWhenTheHostAsksForIt) {
  Open();
  EXPECT_TRUE(Ask("status").has_value());
  EXPECT_FALSE(stopped_);
  EXPECT_TRUE(Ask("stop").has_value());
  EXPECT_TRUE(stopped_);
  EXPECT_EQ(Ask("delete").error().code, Code::kInvalidArgument);
}

// An enclave whose ledger is broken says no for ever; one that has ended is started again.
TEST_F(ServiceTest, EndsWhenItsLedgerIsBroken) {
  Open();
  ASSERT_TRUE(host_.log.Append({.size_before = host_.log.Snapshot().entries.size(), .entries = {"{}"}}).has_value());
  agreement::Charter next = MakeCharter();
  next.epoch = 2;
  next.previous = agreement::CharterDigest(MakeCharter());
  EXPECT_FALSE(Ask("propose", {{"charter", agreement::EncodeCharter(next)}}).has_value());
  EXPECT_TRUE(stopped_);
}

}  // namespace
}  // namespace cloister::enclave
