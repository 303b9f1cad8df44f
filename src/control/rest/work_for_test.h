#pragma once

// Two owners with one environment, who register, upload, ask and decide over HTTP; and Eve, who belongs to none of it.

#include <algorithm>
#include <set>
#include <string>

#include "codec/text.h"
#include "control/server_for_test.h"
#include "control/workflow/change_subjects.h"
#include "crypto/digest.h"

namespace cloister::control {

inline std::string ContentDigest(std::string_view bytes) {
  return "sha-256=:" + codec::Base64Encode(crypto::Sha256(AsBytes(bytes))) + ":";
}

inline codec::JsonObject Registration(const std::string& name) {
  return {{"name", name},
          {"format", "csv"},
          {"schema", codec::ParseJson(R"([{"name":"id","type":"BIGINT"},{"name":"cost","type":"BIGINT"}])").value()},
          {"policy", codec::ParseJson(R"({"privacy_unit":"id","columns":{"id":{"roles":["join_key"],"domain":"person"},
                                          "cost":{"roles":["measure"],"bounds":[0,100]}}})")
                         .value()}};
}

class WorkTest : public ServerFixture {
 protected:
  WorkTest()
      : ada_(WithServerKey("ada@hospital.example")),
        bob_(WithServerKey("bob@insurer.example")),
        eve_(WithServerKey("eve@else.example")),
        environment_("/api/tee/environments/" + CreateEnvironment(ada_, {"bob@insurer.example"})) {}

  std::string Register(Person& owner, const std::string& name) {
    const Reply reply = owner.Post(environment_ + "/datasets", Registration(name));
    EXPECT_EQ(reply.status, 201) << reply.body;
    return "/api/tee/datasets/" + reply.TextAt("/dataset/id");
  }
  static codec::JsonObject ObjectOf(std::string_view file) {
    return agreement::EncodeObjectRef({.header_digest = crypto::Sha256(AsBytes(file.substr(0, 10))),
                                       .length_bytes = file.size(),
                                       .root = crypto::Sha256(AsBytes(file))})
        .as_object();
  }
  // Uploads and signs; the fake enclave does not look into the file.
  std::string Publish(Person& owner, const std::string& name) {
    const std::string dataset = Register(owner, name);
    const std::string file = "age-encryption.org/v1 " + name;
    const Reply begun = owner.Post(dataset + "/uploads", {{"size_bytes", file.size()}});
    const std::string upload = dataset + "/uploads/" + begun.TextAt("/upload/id");
    EXPECT_EQ(owner.Put(upload + "/parts/1", file, ContentDigest(file)).status, 200);
    EXPECT_EQ(owner.Post(upload + "/complete", {{"object", ObjectOf(file)}}).status, 200);
    return dataset;
  }
  std::string Status(Person& person, const std::string& target, const char* pointer, std::set<std::string> values) {
    const Reply reply = AskUntil(person, target, pointer, values);
    return reply.TextAt(pointer);
  }
  Reply SubmitQuery(Person& person, codec::JsonObject more = {}) {
    more["name"] = "costs";
    if (!more.contains("query_text")) more["query_text"] = "SELECT sum(cost) FROM visits";
    return person.Post(environment_ + "/queries", std::move(more));
  }
  std::int64_t LedgerSize() { return ada_.Get(environment_ + "/ledger").At("/size").to_number<std::int64_t>(); }
  // Whether the entries since `from` are news of the query.
  bool IsTold(const std::string& query, std::int64_t from) {
    const auto id = *EnvironmentId::Parse(environment_.substr(environment_.rfind('/') + 1));
    const ChangeRecord change{.environment = id,
                              .kind = "ledger",
                              .object = std::to_string(from) + "-" + std::to_string(LedgerSize())};
    const auto subjects = SubjectsOf(*fleet_->Find(id), change);
    return std::ranges::any_of(subjects, [&](const ChangeSubject& each) { return query.ends_with(each.id); });
  }
  // Submitted by Ada over both datasets and approved by both owners.
  std::string ApprovedQuery(codec::JsonObject more = {}) {
    Publish(ada_, "visits");
    Publish(bob_, "claims");
    const Reply submitted = SubmitQuery(ada_, std::move(more));
    EXPECT_EQ(submitted.status, 201) << submitted.body;
    const std::string query = "/api/tee/queries/" + submitted.TextAt("/query/id");
    EXPECT_EQ(ada_.Post(query + "/approve", {{"notes", "fine"}}).TextAt("/query/status"), "submitted");
    EXPECT_EQ(bob_.Post(query + "/approve").status, 200);
    return query;
  }

  Person ada_, bob_, eve_;
  std::string environment_;
};

}  // namespace cloister::control
