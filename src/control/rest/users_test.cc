#include "control/api_key.h"
#include "control/server_for_test.h"

namespace cloister::control {
namespace {

class UsersTest : public ServerFixture {};

TEST(ApiKey, TellsAKeyFromALookalike) {
  InsecureRngForTest rng(1);
  const std::string key = NewApiKey(rng);
  EXPECT_EQ(key.size(), 44u);
  EXPECT_TRUE(HashApiKey(key).has_value());
  EXPECT_NE(NewApiKey(rng), key);
  std::string typo = key;
  typo[12] = typo[12] == 'a' ? 'b' : 'a';
  for (const std::string& bad : {typo, std::string("clo_pat_"), key + "0", std::string(), key.substr(1)}) {
    EXPECT_EQ(HashApiKey(bad).error().code, Code::kUnauthenticated) << bad;
  }
}

TEST_F(UsersTest, LogInAndSayWhoOneIs) {
  Person ada = LogIn("Ada@Hospital.example");
  const Reply me = ada.Get("/api/me");
  EXPECT_EQ(me.TextAt("/user/email"), "ada@hospital.example");
  EXPECT_EQ(me.TextAt("/user/organisation"), "hospital.example");
  EXPECT_TRUE(me.json.at("participant_key").is_null());
  Person again = LogIn("ada@hospital.example");
  EXPECT_EQ(again.Get("/api/me").TextAt("/user/id"), me.TextAt("/user/id"));
}

TEST_F(UsersTest, NoKeyNoEntry) {
  EXPECT_EQ(Anonymous().Get("/api/me").status, 401);
  EXPECT_EQ(Person(server_->port(), "clo_pat_wrong").Get("/api/me").status, 401);
  EXPECT_EQ(Person(server_->port(), NewApiKey(rng_)).Get("/api/me").status, 401);
  EXPECT_EQ(Anonymous().Get("/livez").status, 200);
  EXPECT_EQ(Anonymous().Get("/api/tee/health").Text("status"), "ok");
}

TEST_F(UsersTest, DecodesStrictly) {
  const Reply unknown = Anonymous().Post("/api/dev/login", {{"email", "a@b"}, {"admin", true}});
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.Text("error"), "INVALID_ARGUMENT");
  EXPECT_EQ(unknown.Text("message"), "admin is not known here");
  for (const char* email : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a/b@c"}) {
    EXPECT_EQ(Anonymous().Post("/api/dev/login", {{"email", email}}).status, 400) << email;
  }
  // What a web page could make a browser send without asking.
  const Reply form = Anonymous().Send({.method = net::HttpMethod::kPost,
                                       .target = "/api/dev/login",
                                       .fields = {{"Content-Type", "text/plain"}},
                                       .body = R"({"email":"a@b"})"});
  EXPECT_EQ(form.status, 415);
}

TEST_F(UsersTest, ServerKeyIsSealedOnDisk) {
  Person ada = WithServerKey("ada@hospital.example");
  const auto record = store_->users.FindParticipantKey(ada.thumbprint)->value();
  EXPECT_TRUE(AsText(*record.sealed_secrets).starts_with("age-encryption.org/v1\n"));
  EXPECT_EQ(vault_->Open(*record.sealed_secrets, ada.thumbprint)->identity.recipient().Text(), record.recipient);
  EXPECT_EQ(vault_->Open(*record.sealed_secrets, "somebody").error().code, Code::kDataLoss);
  const KeyVault other(sealing::AgeIdentity::Generate(rng_), rng_);
  EXPECT_EQ(other.Open(*record.sealed_secrets, ada.thumbprint).error().code, Code::kDataLoss);
  EXPECT_EQ(ada.Post("/api/participant-keys", {{"custody", "server"}}).status, 409);
}

TEST_F(UsersTest, OwnKeyNeedsAProofOfIt) {
  Person eve = LogIn("eve@else.example");
  eve.signer.emplace(crypto::Ed25519Signer::Generate(rng_));
  eve.identity.emplace(sealing::AgeIdentity::Generate(rng_));
  const auto offer = [&](const std::string& proof) {
    return eve.Post("/api/participant-keys", {{"custody", "self"}, {"proof", proof}}).status;
  };
  EXPECT_EQ(offer(KeyProof(eve, "ada@hospital.example")), 422);
  std::string forged = KeyProof(eve, "eve@else.example");
  forged.back() = forged.back() == 'A' ? 'Q' : 'A';
  EXPECT_NE(offer(forged), 201);
  EXPECT_EQ(offer("no jws"), 400);
  EXPECT_EQ(eve.Post("/api/participant-keys", {{"custody", "self"}}).status, 400);
  EXPECT_EQ(eve.Post("/api/participant-keys", {{"custody", "browser"}}).status, 400);
  EXPECT_EQ(offer(KeyProof(eve, "eve@else.example")), 201);
}

}  // namespace
}  // namespace cloister::control
