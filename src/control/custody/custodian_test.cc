// The server in a participant's place: what it believes, what it repeats, what it refuses to sign.
#include "control/server_for_test.h"

namespace cloister::control {
namespace {

class CustodianTest : public ServerFixture {
 protected:
  CustodianTest()
      : ada_(WithServerKey("ada@hospital.example")),
        id_(*EnvironmentId::Parse(CreateEnvironment(ada_, {}))),
        path_("/api/tee/environments/" + id_.str()) {}

  std::size_t Links() { return ada_.Get(path_ + "/chain").At("/links").as_array().size(); }
  Reply Terminate() { return ada_.Post(path_ + "/terminate"); }
  // A link that was stored and whose sending nobody saw.
  void LeaveBehind(const agreement::ChainState& chain, const agreement::LinkBody& body) {
    const auto record = store_->users.FindParticipantKey(ada_.thumbprint)->value();
    const auto secrets = vault_->Open(*record.sealed_secrets, ada_.thumbprint);
    const agreement::LinkAuthor author(id_, secrets->signer, clock_);
    const auto point = fleet_->Find(id_)->Look([](const auto& state) { return state.point(); });
    const auto link = *author.Sign({.chain = chain, .checkpoint = point}, body);
    ASSERT_TRUE(store_->custody.AddLink(
        id_, ada_.thumbprint, {.seq = link.header().seq, .digest = link.digest(), .document = link.compact()}));
  }
  agreement::ChainState Chain() {
    return fleet_->Find(id_)->Look([&](const auto& state) { return state.ChainOf(ada_.thumbprint); });
  }
  static agreement::LinkBody Rejecting() {
    return agreement::Rejection{.query = crypto::Sha256(AsBytes("no such query")), .reason = "no"};
  }

  Person ada_;
  EnvironmentId id_;
  std::string path_;
};

TEST_F(CustodianTest, RemembersWhatItVerified) {
  const auto view = store_->custody.View(id_, ada_.thumbprint)->value();
  EXPECT_EQ(view.size, 2u);  // what stood there when it accepted
}

// Somebody put an older or another ledger in the place of the one that was verified before.
TEST_F(CustodianTest, SignsNothingOnALedgerThatDoesNotContinue) {
  ASSERT_TRUE(store_->custody.SetView(id_, ada_.thumbprint, {.size = 2, .root = crypto::Sha256(AsBytes("another"))}));
  const Reply refused = Terminate();
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.Text("error"), "VERIFICATION_FAILED");
  ASSERT_TRUE(store_->custody.SetView(id_, ada_.thumbprint, {.size = 99, .root = {}}));
  EXPECT_EQ(Terminate().status, 422);
  EXPECT_EQ(Links(), 1u);
}

TEST_F(CustodianTest, SendsALeftOverLinkFirstTheSameBytesAsBefore) {
  LeaveBehind(Chain(), Rejecting());
  EXPECT_EQ(Terminate().status, 200);
  EXPECT_EQ(Links(), 3u);
}

// The enclave will never record it, so its number is free.
TEST_F(CustodianTest, ForgetsALinkThatTheEnclaveWillNotRecord) {
  LeaveBehind({.seq = 7, .digest = crypto::Sha256(AsBytes("a link that never was"))}, Rejecting());
  EXPECT_EQ(Terminate().status, 200);
  EXPECT_EQ(Links(), 2u);
}

TEST_F(CustodianTest, DoesNotSignForThoseWhoKeepTheirKeys) {
  Person own = WithOwnKey("own@own.example");
  const auto record = store_->users.FindParticipantKey(own.thumbprint)->value();
  EXPECT_EQ(custodian_->Accept(*fleet_->Find(id_), record).error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace cloister::control
