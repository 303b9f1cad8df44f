// What HTTP itself asks of every route: fields that are lists or read in any case, digests of bodies, cursors.
#include "control/rest/content_digest.h"
#include "control/rest/preconditions.h"
#include "control/server_for_test.h"

namespace cloister::control {
namespace {

constexpr const char* kFile = "id,ward\n1,north\n2,south\n";

std::string DigestOf(std::string_view text) {
  return "sha-256=:" + codec::Base64Encode(crypto::Sha256(AsBytes(text))) + ":";
}

int Matched(net::Headers headers) {
  net::Request request;
  request.headers = std::move(headers);
  const auto refused = CheckIfMatch(request, "\"now\"");
  return refused ? refused->status : 200;
}

TEST(IfMatchTest, IsAListOfTags) {
  EXPECT_EQ(Matched({}), 428);
  for (const char* named : {"\"now\"", "*", "\"old\", \"now\"", "\"now\",\"old\"", " , \"a,b\" ,\t\"now\""}) {
    EXPECT_EQ(Matched({{"if-match", named}}), 200) << named;
  }
  EXPECT_EQ(Matched({{"if-match", "\"old\""}, {"if-match", "\"now\""}}), 200);
  for (const char* other : {"\"old\"", "\"old\", \"older\"", "W/\"now\"", "\"\"", "\",now,\""}) {
    EXPECT_EQ(Matched({{"if-match", other}}), 412) << other;
  }
  for (const char* none : {"now", "", ",", "\"now", "\"old\" \"now\"", "*, \"now\"", "w/\"now\"", "\"now\"x"}) {
    EXPECT_EQ(Matched({{"if-match", none}}), 400) << none;
  }
}

TEST(ContentDigestTest, IsADictionaryOfAlgorithms) {
  const auto read = [](const std::string& field) {
    net::Request request;
    request.headers = {{"content-digest", field}};
    return ReadContentDigest(request);
  };
  const std::string mine = DigestOf("body");
  const Digest256 wanted = crypto::Sha256(AsBytes("body"));
  EXPECT_FALSE(ReadContentDigest({})->has_value());
  for (const std::string& field : {mine, "sha-512=:AAAA:, " + mine, mine + ",sha=:AAAA:", mine + ";q=1",
                                   DigestOf("other") + " ,\t" + mine}) {
    ASSERT_TRUE(read(field).has_value()) << field;
    EXPECT_EQ(**read(field), wanted) << field;
  }
  for (const std::string& field :
       {std::string("sha-512=:AAAA:"), std::string(""), mine + ",", "SHA-256" + mine.substr(7), mine + "x",
        std::string("sha-256=:AAAA:"), std::string("sha-256=AAAA"), std::string("sha-256=:"),
        std::string("sha-256=:?:")}) {
    EXPECT_FALSE(read(field).has_value()) << field;
  }
}

class MannersTest : public ServerFixture {
 protected:
  MannersTest() : ada_(WithServerKey("ada@hospital.example")) {
    environment_ = "/api/tee/environments/" + CreateEnvironment(ada_, {});
  }
  std::string Register(const std::string& name) {
    const Reply made = ada_.Post(environment_ + "/datasets", {{"name", name},
                                                              {"schema", {{"id", "int"}, {"ward", "text"}}},
                                                              {"policy", "aggregate_only"},
                                                              {"privacy_unit", "id"}});
    EXPECT_EQ(made.status, 201) << made.body;
    return "/api/tee/datasets/" + made.TextAt("/dataset/id");
  }
  Reply Put(const std::string& target, std::vector<net::HttpField> fields) {
    return ada_.Send({.method = net::HttpMethod::kPut, .target = target, .fields = std::move(fields), .body = kFile});
  }

  Person ada_;
  std::string environment_;
};

TEST_F(MannersTest, ASchemeIsReadInAnyCase) {
  const std::string key = ada_.Post("/api/keys", {{"name", "k"}}).Text("api_key");
  for (const char* scheme : {"Bearer ", "bearer ", "BEARER  "}) {
    EXPECT_EQ(Anonymous().Send({.target = "/api/me", .fields = {{"Authorization", scheme + key}}}).status, 200);
  }
  for (const char* scheme : {"Basic ", "Bearer", "Bearer ", ""}) {
    const std::string field = std::string(scheme) + (std::string(scheme) == "Bearer " ? "" : key);
    EXPECT_EQ(Anonymous().Send({.target = "/api/me", .fields = {{"Authorization", field}}}).status, 401) << field;
  }
}

TEST_F(MannersTest, ABodyThatIsNotTheAnnouncedOneIsNotTaken) {
  const std::string dataset = Register("visits");
  EXPECT_EQ(Put(dataset + "/content", {{"Content-Digest", DigestOf("another")}}).status, 400);
  EXPECT_EQ(Put(dataset + "/content", {{"Content-Digest", "sha-512=:AAAA:"}}).status, 400);
  EXPECT_TRUE(ada_.Get(dataset + "/uploads").At("/uploads").as_array().empty());
  EXPECT_EQ(ada_.Get(dataset).TextAt("/dataset/status"), "uploading");
  EXPECT_EQ(Put(dataset + "/content", {{"Content-Digest", "sha-512=:AAAA:, " + DigestOf(kFile)}}).status, 200);
  const auto make_key = [&](const std::string& digest) {
    return ada_
        .Send({.method = net::HttpMethod::kPost,
               .target = "/api/keys",
               .fields = {{"Content-Type", "application/json"}, {"Content-Digest", digest}},
               .body = R"({"name":"k"})"})
        .status;
  };
  EXPECT_EQ(make_key(DigestOf(R"({"name":"x"})")), 400);
  EXPECT_EQ(make_key(DigestOf(R"({"name":"k"})")), 201);
}

TEST_F(MannersTest, APartOfABodyIsNotTakenForAllOfIt) {
  const std::string dataset = Register("visits");
  EXPECT_EQ(Put(dataset + "/content", {{"Content-Range", "bytes 0-10/100"}}).status, 400);
  EXPECT_EQ(ada_.Get(dataset).TextAt("/dataset/status"), "uploading");
  const Reply policy = Put(dataset + "/policy", {{"Content-Range", "bytes 0-10/100"},
                                                 {"Content-Type", "application/json"},
                                                 {"If-Match", "*"}});
  EXPECT_EQ(policy.status, 400);
  EXPECT_NE(policy.Text("message").find("Content-Range"), std::string::npos);
}

TEST_F(MannersTest, APartThatIsThereIsNotWrittenOver) {
  const std::string dataset = Register("visits");
  const std::string upload =
      dataset + "/uploads/" + ada_.Post(dataset + "/uploads", {{"size_bytes", 4}}).TextAt("/upload/id");
  const auto parts = [&] { return ada_.Get(upload).At("/upload/parts").as_array().size(); };
  EXPECT_EQ(ada_.Put(upload + "/parts/1", "good", DigestOf("good")).status, 200);
  EXPECT_EQ(ada_.Put(upload + "/parts/1", "evil", DigestOf("good")).status, 400);
  const auto draft = [&] {
    const Bytes bytes = blobs_.ReadDraft(upload.substr(upload.rfind('/') + 1), 0, 4).value();
    return std::string(AsText(bytes));
  };
  EXPECT_EQ(parts(), 1u);
  EXPECT_EQ(draft(), "good");
  // Other bytes were announced, and did not come.
  EXPECT_EQ(ada_.Put(upload + "/parts/1", "evil", DigestOf("more")).status, 400);
  EXPECT_EQ(parts(), 1u);
  EXPECT_EQ(draft(), "good");
  EXPECT_EQ(ada_.Put(upload + "/parts/1", "more", DigestOf("more")).status, 200);
  EXPECT_EQ(draft(), "more");
}

TEST_F(MannersTest, ACursorIsOneThatItsListGave) {
  const std::string list = environment_ + "/datasets";
  for (const char* name : {"a", "b", "c"}) Register(name);
  const Reply first = ada_.Get(list + "?limit=1");
  const std::string cursor = first.Text("next_cursor");
  EXPECT_EQ(ada_.Get(list + "?limit=1&cursor=" + cursor).TextAt("/datasets/0/id"),
            ada_.Get(list).TextAt("/datasets/1/id"));
  const std::string id = first.TextAt("/datasets/0/id");
  for (const std::string& junk : {std::string("junk"), std::string(""), id, id + ".000000000000", cursor + "0"}) {
    const Reply refused = ada_.Get(list + "?cursor=" + junk);
    EXPECT_EQ(refused.status, 400) << junk;
    EXPECT_NE(refused.Text("message").find("'cursor'"), std::string::npos);
  }
  EXPECT_EQ(ada_.Get(environment_ + "/queries?cursor=" + cursor).status, 400);  // of another list
}

}  // namespace
}  // namespace cloister::control
