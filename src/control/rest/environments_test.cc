#include "control/server_for_test.h"
#include "crypto/merkle.h"

namespace cloister::control {
namespace {

class EnvironmentsTest : public ServerFixture {
 protected:
  static std::string Path(const std::string& id, const std::string& more = "") {
    return "/api/tee/environments/" + id + more;
  }
};

TEST_F(EnvironmentsTest, BecomesActiveWhenEverybodyHasAccepted) {
  Person ada = WithServerKey("ada@hospital.example");
  Person bob = WithOwnKey("bob@insurer.example");
  const std::string id = CreateEnvironment(ada, {"bob@insurer.example", "later@c.example"});
  Reply shown = ada.Get(Path(id));
  EXPECT_EQ(shown.TextAt("/tee/status"), "creating");
  EXPECT_EQ(shown.At("/tee/participants").as_array().size(), 2u);
  EXPECT_EQ(shown.TextAt("/tee/invited/0"), "later@c.example");
  EXPECT_EQ(bob.Post(Path(id, "/acceptances")).status, 400);  // nobody signs for him
  const std::string document = Sign(bob, id, AcceptanceOf(id, agreement::Custody::kSelf));
  EXPECT_EQ(ada.Post(Path(id, "/acceptances"), {{"document", document}}).status, 403);
  EXPECT_EQ(bob.Post(Path(id, "/acceptances"), {{"document", document}}).status, 200);
  EXPECT_EQ(ada.Get(Path(id)).TextAt("/tee/status"), "active");
  // Once more is no error, for him whose link it was and for him whose links the server makes.
  EXPECT_EQ(bob.Post(Path(id, "/acceptances"), {{"document", document}}).status, 200);
  EXPECT_EQ(ada.Post(Path(id, "/acceptances")).status, 200);
  EXPECT_EQ(bob.Get("/api/tee/environments").At("/tees").as_array().size(), 1u);
}

// Whoever does not belong to it cannot tell an environment from one that does not exist.
TEST_F(EnvironmentsTest, IsNotThereForOthers) {
  Person ada = WithServerKey("ada@hospital.example");
  Person eve = WithServerKey("eve@else.example");
  Person keyless = LogIn("keyless@else.example");
  const std::string id = CreateEnvironment(ada, {});
  const std::string absent = EnvironmentId::New(clock_, rng_).str();
  for (const char* more : {"", "/charter", "/chain", "/datasets", "/queries", "/ledger", "/ledger/checkpoint",
                           "/ledger/proof/inclusion?index=0", "/ledger/proof/consistency?from=0",
                           "/attestation?nonce=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    const Reply shut = eve.Get(Path(id, more));
    EXPECT_EQ(shut.status, 404) << more;
    EXPECT_EQ(shut.body, eve.Get(Path(absent, more)).body) << more;
    EXPECT_EQ(keyless.Get(Path(id, more)).status, 404) << more;
    EXPECT_EQ(ada.Get(Path(id, more)).status, 200) << more;
  }
  for (const char* more : {"/terminate", "/participants", "/acceptances", "/links", "/datasets", "/queries",
                           "/queries/check", "/attestation"}) {
    EXPECT_EQ(eve.Post(Path(id, more)).status, 404) << more;
  }
  EXPECT_EQ(eve.Delete(Path(id, "/participants/ada@hospital.example")).status, 404);
  EXPECT_TRUE(eve.Get("/api/tee/environments").At("/tees").as_array().empty());
  EXPECT_EQ(ada.Get(Path("env_nonsense")).status, 404);
}

TEST_F(EnvironmentsTest, RefusesContradictions) {
  Person ada = WithServerKey("ada@hospital.example");
  const auto create = [&](codec::JsonObject body) { return ada.Post("/api/tee/environments", std::move(body)); };
  EXPECT_EQ(create({}).Text("message"), "name is missing");
  EXPECT_EQ(create({{"name", "a \u202e b"}}).Text("message").substr(0, 6), "'name'");
  EXPECT_EQ(create({{"name", "x"}, {"provider", "gcp"}}).status, 400);
  EXPECT_EQ(create({{"name", "x"}, {"recovery", "owners"}}).status, 400);
  EXPECT_EQ(create({{"name", "x"}, {"gcp_region", "y"}}).Text("message"), "gcp_region is not known here");
  EXPECT_EQ(
      create({{"name", "x"}, {"require_unanimous_approval", true}, {"approval_rule", {{"kind", "owners"}}}}).status,
      400);
  EXPECT_EQ(create({{"name", "x"}, {"approval_rule", {{"kind", "count"}, {"count", 9}}}}).status, 409);
  Person keyless = LogIn("keyless@else.example");
  EXPECT_EQ(keyless.Post("/api/tee/environments", {{"name", "x"}}).status, 201);  // the server keeps a key for him
  const Reply made = create({{"name", "x"}, {"gcp_zone", "europe-west4-a"}, {"approval_rule", {{"kind", "majority"}}}});
  EXPECT_EQ(made.TextAt("/tee/gcp_zone"), "europe-west4-a");
  EXPECT_EQ(made.TextAt("/tee/recovery"), "none");
}

TEST_F(EnvironmentsTest, StaysAsFailedWhenItsEnclaveDoesNotStart) {
  Person ada = WithServerKey("ada@hospital.example");
  provider_.behaviour.fails_to_launch = true;
  EXPECT_EQ(ada.Post("/api/tee/environments", {{"name", "x"}}).status, 500);
  const Reply list = ada.Get("/api/tee/environments");
  EXPECT_EQ(list.TextAt("/tees/0/status"), "error");
}

// The server signs for nobody what it would not believe itself.
TEST_F(EnvironmentsTest, SignsNothingForAnEnclaveThatIsAnotherProgram) {
  Person ada = WithServerKey("ada@hospital.example");
  provider_.behaviour.claims_other_measurement = true;
  const Reply refused = ada.Post("/api/tee/environments", {{"name", "x"}});
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.Text("error"), "VERIFICATION_FAILED");
  const std::string id = ada.Get("/api/tee/environments").TextAt("/tees/0/id");
  EXPECT_TRUE(ada.Get(Path(id, "/chain")).At("/links").as_array().empty());
  EXPECT_FALSE(ada.Post(Path(id, "/attestation")).json.at("verified").as_bool());
}

TEST_F(EnvironmentsTest, ShowsEvidenceForTheCallersNonce) {
  Person ada = WithServerKey("ada@hospital.example");
  const std::string id = CreateEnvironment(ada, {});
  attestation::Nonce nonce{};
  rng_.Fill(nonce);
  const Reply reply = ada.Get(Path(id, "/attestation?nonce=" + codec::Base64UrlEncode(nonce)));
  codec::JsonObject evidence = reply.json.as_object();
  const auto charter = *agreement::DecodeCharter(evidence.at("charter_document"));
  EXPECT_TRUE(evidence.at("appraisal").at("verified").as_bool());
  evidence.erase("charter_document");
  evidence.erase("appraisal");
  const auto answer = *attestation::DecodeEnclaveAnswer(codec::Json(evidence));
  const auto terms = *attestation::ReadTerms(agreement::EncodeCharter(charter));
  EXPECT_TRUE(
      attestation::AppraiseEnclave(answer, {.terms = terms, .nonce = nonce, .now = clock_.Now()}).enclave.has_value());
  EXPECT_EQ(ada.Get(Path(id, "/attestation")).status, 400);
  EXPECT_EQ(ada.Get(Path(id, "/attestation?nonce=short")).status, 400);

  const std::string token = codec::WriteJson(codec::Json(evidence));
  const Reply verified =
      ada.Post(Path(id, "/attestation"), {{"attestation_token", token}, {"nonce", codec::Base64UrlEncode(nonce)}});
  EXPECT_TRUE(verified.json.at("verified").as_bool());
  nonce[0] ^= 1;
  const Reply stale =
      ada.Post(Path(id, "/attestation"), {{"attestation_token", token}, {"nonce", codec::Base64UrlEncode(nonce)}});
  EXPECT_FALSE(stale.json.at("verified").as_bool());
  EXPECT_EQ(ada.Post(Path(id, "/attestation"), {{"attestation_token", token}}).status, 400);
  EXPECT_EQ(ada.Post(Path(id, "/attestation"), {{"nonce", "ääääääää"}}).status, 200);  // characters count, not bytes
  EXPECT_EQ(ada.Post(Path(id, "/attestation"), {{"nonce", "äääääää"}}).status, 400);
}

TEST_F(EnvironmentsTest, ProvesItsLedger) {
  Person ada = WithServerKey("ada@hospital.example");
  const std::string id = CreateEnvironment(ada, {});
  const Reply entries = ada.Get(Path(id, "/ledger?from=0&to=100"));
  ASSERT_EQ(entries.At("/entries").as_array().size(), 3u);
  const auto checkpoint = *ledger::PeekCheckpoint(ada.Get(Path(id, "/ledger/checkpoint")).Text("checkpoint"));
  EXPECT_EQ(checkpoint.point.size, 3u);
  const auto proof_of = [&](const std::string& target) {
    crypto::MerkleProof proof;
    const Reply reply = ada.Get(Path(id, target));
    for (const auto& hash : reply.At("/proof").as_array()) {
      proof.push_back(*codec::HexDecodeDigest(std::string_view(hash.as_string())));
    }
    return proof;
  };
  const std::string second(entries.At("/entries/1").as_string());
  EXPECT_TRUE(crypto::VerifyInclusion(crypto::MerkleLeaf(AsBytes(second)), 1, 3,
                                      proof_of("/ledger/proof/inclusion?index=1&size=3"), checkpoint.point.root));
  const Digest256 first_root = crypto::MerkleLeaf(AsBytes(entries.TextAt("/entries/0")));
  EXPECT_TRUE(crypto::VerifyConsistency(1, first_root, 3, checkpoint.point.root,
                                        proof_of("/ledger/proof/consistency?from=1&to=3")));
  for (const char* bad : {"/ledger?from=2&to=1", "/ledger?from=x", "/ledger?from=-1", "/ledger/proof/inclusion",
                          "/ledger/proof/consistency?from=2&to=1"}) {
    EXPECT_EQ(ada.Get(Path(id, bad)).status, 400) << bad;
  }
  for (const char* beyond : {"/ledger?from=4", "/ledger/proof/inclusion?index=3",
                             "/ledger/proof/inclusion?index=0&size=4", "/ledger/proof/consistency?from=2&to=4",
                             "/ledger/proof/consistency?from=4"}) {
    EXPECT_EQ(ada.Get(Path(id, beyond)).status, 404) << beyond;
  }
}

TEST_F(EnvironmentsTest, PeopleComeAndGoByEpochs) {
  Person ada = WithServerKey("ada@hospital.example");
  const std::string id = CreateEnvironment(ada, {});
  // Unknown here: he is invited, and comes in with his first look.
  EXPECT_EQ(ada.Post(Path(id, "/participants"), {{"email", "zoe@later.example"}}).status, 202);
  Person zoe = LogIn("zoe@later.example");
  EXPECT_EQ(zoe.Get(Path(id)).At("/tee/epoch").as_int64(), 2);
  EXPECT_TRUE(zoe.Get(Path(id)).At("/tee/invited").as_array().empty());
  EXPECT_EQ(ada.Delete(Path(id, "/participants/zoe@later.example")).status, 201);
  EXPECT_EQ(zoe.Get(Path(id)).status, 404);
  Person bob = WithServerKey("bob@insurer.example");
  EXPECT_EQ(bob.Get(Path(id)).status, 404);
  EXPECT_EQ(ada.Post(Path(id, "/participants"), {{"email", "bob@insurer.example"}}).status, 201);
  EXPECT_EQ(bob.Get(Path(id)).At("/tee/epoch").as_int64(), 3);  // he may look first
  EXPECT_EQ(bob.Get(Path(id, "/datasets")).status, 200);         // and accepts by coming in
  EXPECT_EQ(bob.Get(Path(id)).At("/tee/epoch").as_int64(), 4);
  EXPECT_EQ(ada.Post(Path(id, "/participants"), {{"email", "bob@insurer.example"}}).status, 409);

  Person eve = WithOwnKey("eve@else.example");
  EXPECT_EQ(ada.Post(Path(id, "/participants"), {{"email", "eve@else.example"}}).status, 201);
  EXPECT_EQ(eve.Get(Path(id)).At("/tee/epoch").as_int64(), 4);  // proposed: she may look at it
  EXPECT_EQ(eve.Get(Path(id, "/charter")).At("/proposed/charter/epoch").as_int64(), 5);
  EXPECT_EQ(bob.Post(Path(id, "/acceptances")).status, 200);
  EXPECT_EQ(ada.Get(Path(id)).At("/tee/epoch").as_int64(), 4);
  const std::string document = Sign(eve, id, AcceptanceOf(id, agreement::Custody::kSelf));
  EXPECT_EQ(eve.Post(Path(id, "/links"), {{"document", document}}).status, 200);
  EXPECT_EQ(ada.Get(Path(id)).At("/tee/epoch").as_int64(), 5);

  EXPECT_EQ(ada.Delete(Path(id, "/participants/eve@else.example")).status, 201);
  EXPECT_EQ(bob.Post(Path(id, "/acceptances")).status, 200);
  EXPECT_EQ(ada.Get(Path(id)).At("/tee/epoch").as_int64(), 6);
  EXPECT_EQ(eve.Get(Path(id)).status, 404);
  EXPECT_EQ(ada.Delete(Path(id, "/participants/eve@else.example")).status, 404);
}

TEST_F(EnvironmentsTest, ComesBackAfterAnEnclaveEnded) {
  Person ada = WithServerKey("ada@hospital.example");
  const std::string id = CreateEnvironment(ada, {}, "operator");
  provider_.last.lock()->Die();
  // A look that was taken before the server noticed says active too: the second start comes first.
  AskUntil(ada, Path(id), [&](const Reply&) { return provider_.starts == 2; });
  const Reply reply = AskUntil(ada, Path(id), "/tee/status", {"active"});
  // A boot entry more, and the server still signs: it verified the new boot and that the ledger goes on.
  EXPECT_EQ(reply.At("/tee/ledger_size").as_int64(), 4);
  EXPECT_EQ(ada.Post(Path(id, "/terminate"), {{"reason", "done"}}).status, 200);
}

TEST_F(EnvironmentsTest, ComesBackAfterARestartOfTheServer) {
  Person ada = WithServerKey("ada@hospital.example");
  const std::string kept = CreateEnvironment(ada, {}, "operator");
  const std::string lost = CreateEnvironment(ada, {}, "none");
  RestartServer();
  Person again = LogIn("ada@hospital.example");
  EXPECT_EQ(again.Post(Path(kept, "/attestation")).status, 200);  // the request waits for the enclave
  EXPECT_EQ(AskUntil(again, Path(kept), "/tee/status", {"active"}).TextAt("/tee/status"), "active");
  const Reply gone = AskUntil(again, Path(lost), "/tee/status", {"error"});
  EXPECT_NE(gone.TextAt("/tee/error_message").find("recovery 'none'"), std::string::npos);
  EXPECT_EQ(again.Post(Path(lost, "/terminate")).status, 409);
}

TEST_F(EnvironmentsTest, EndsForGood) {
  Person ada = WithServerKey("ada@hospital.example");
  const std::string id = CreateEnvironment(ada, {});
  const auto enclave = provider_.last.lock();
  EXPECT_EQ(ada.Post(Path(id, "/terminate"), {{"reason", "done"}}).TextAt("/tee/status"), "terminated");
  EXPECT_EQ(ada.Post(Path(id, "/terminate")).status, 409);
  RestartServer();
  EXPECT_EQ(LogIn("ada@hospital.example").Get(Path(id)).TextAt("/tee/status"), "terminated");
  EXPECT_FALSE(enclave->running());
}

// A crash between the ledger's last entry and the server's own row.
TEST_F(EnvironmentsTest, HasEndedWhereItsLedgerSaysSo) {
  Person ada = WithServerKey("ada@hospital.example");
  const std::string id = CreateEnvironment(ada, {});
  ASSERT_EQ(ada.Post(Path(id, "/terminate")).status, 200);
  ASSERT_TRUE(store_->environments.SetLifecycle(*EnvironmentId::Parse(id), Lifecycle::kRunning, {}, clock_.Now()));
  RestartServer();
  const Reply shown = LogIn("ada@hospital.example").Get(Path(id));
  EXPECT_EQ(shown.TextAt("/tee/status"), "terminated");
  EXPECT_FALSE(shown.At("/tee").as_object().contains("error_message"));
}

TEST_F(EnvironmentsTest, OneThatFailedIsResumedByItsCreator) {
  Person ada = WithServerKey("ada@hospital.example");
  const std::string kept = CreateEnvironment(ada, {}, "operator");
  const std::string lost = CreateEnvironment(ada, {}, "none");
  for (const std::string& id : {kept, lost}) fleet_->Find(*EnvironmentId::Parse(id))->Fail("the machine had no memory");
  EXPECT_EQ(ada.Get(Path(kept)).TextAt("/tee/status"), "error");
  EXPECT_EQ(ada.Post(Path(lost, "/resume")).status, 409);
  const Reply resumed = ada.Post(Path(kept, "/resume"));
  EXPECT_EQ(resumed.status, 200) << resumed.body;
  EXPECT_FALSE(resumed.At("/tee").as_object().contains("error_message"));
  EXPECT_EQ(AskUntil(ada, Path(kept), "/tee/status", {"active"}).TextAt("/tee/status"), "active");
}

TEST_F(EnvironmentsTest, OneThatFailedIsStartedToBeEnded) {
  Person ada = WithServerKey("ada@hospital.example");
  const std::string id = CreateEnvironment(ada, {}, "operator");
  fleet_->Find(*EnvironmentId::Parse(id))->Fail("the machine had no memory");
  const Reply ended = ada.Post(Path(id, "/terminate"));
  EXPECT_EQ(ended.TextAt("/tee/status"), "terminated") << ended.body;
}

}  // namespace
}  // namespace cloister::control
