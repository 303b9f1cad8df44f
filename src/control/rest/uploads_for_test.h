#pragma once

// A dataset whose files come in requests that are taken piece by piece, by the very sink that the server would fill:
// the test says what comes between.

#include <set>
#include <string>

#include "control/rest/work_for_test.h"
#include "net/server/router.h"

namespace cloister::control {

inline constexpr const char* kRows = "id,cost\n1,20\n2,30\n";
using Sink = std::unique_ptr<net::BodySink>;

class UploadsTest : public WorkTest {
 protected:
  UploadsTest()
      : router_(MakeRouter(*api_)),
        key_(ada_.Post("/api/keys", {{"name", "k"}}).Text("api_key")),
        dataset_(Register(ada_, "visits")) {}

  // The head of a PUT came.
  Result<Sink> Open(const std::string& target, net::Headers headers = {}) {
    return OpenAt(router_, target, std::move(headers));
  }
  Result<Sink> OpenAt(const net::Router& router, const std::string& target, net::Headers headers = {}) {
    net::Request request = Head("PUT", target, std::move(headers));
    const net::Router::Match match = router.Find("PUT", request.segments);
    request.params = match.params;
    return match.route->upload(request);
  }
  net::Request Head(const char* method, const std::string& target, net::Headers headers = {}) {
    net::Request request;
    request.method = method;
    for (std::size_t at = 1; at < target.size();) {
      const std::size_t end = std::min(target.find('/', at), target.size());
      request.segments.push_back(target.substr(at, end - at));
      at = end + 1;
    }
    request.headers = std::move(headers);
    request.headers.emplace_back("x-api-key", key_);
    return request;
  }
  Sink OpenPart(const std::string& upload, const std::string& bytes) {
    auto sink = Open(upload + "/parts/1", {{"content-digest", ContentDigest(bytes)}});
    EXPECT_TRUE(sink.has_value()) << sink.error().public_message;
    return *std::move(sink);
  }
  Sink OpenContent() {
    auto sink = Open(dataset_ + "/content");
    EXPECT_TRUE(sink.has_value()) << sink.error().public_message;
    return *std::move(sink);
  }
  static int Finished(net::BodySink& sink) {
    const auto answer = sink.Finish();
    return answer ? answer->status : StatusOf(answer.error().code);
  }
  static int Written(net::BodySink& sink, std::string_view bytes) {
    const auto written = sink.Write(AsBytes(bytes));
    return written ? 0 : StatusOf(written.error().code);
  }

  std::string Begin(std::size_t size_bytes) { return BeginAt(dataset_, size_bytes); }
  std::string BeginAt(const std::string& dataset, std::size_t size_bytes) {
    return dataset + "/uploads/" + ada_.Post(dataset + "/uploads", {{"size_bytes", size_bytes}}).TextAt("/upload/id");
  }
  static std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }
  // What the first part is and what its row says it is.
  std::string Draft(const std::string& upload) {
    const auto bytes = blobs_.ReadDraft(NameOf(upload), 0, 64);
    return bytes ? std::string(AsText(*bytes)) : "(none)";
  }
  std::string RowOf(const std::string& upload) {
    const Reply shown = ada_.Get(upload);
    return shown.At("/upload/parts").as_array().empty() ? "(none)" : shown.TextAt("/upload/parts/0/digest");
  }
  void ExpectPart(const std::string& upload, const std::string& bytes) {
    EXPECT_EQ(Draft(upload), bytes);
    EXPECT_EQ(RowOf(upload), ContentDigest(bytes));
    EXPECT_EQ(blobs_.drafts(), std::set<std::string>{NameOf(upload)}) << "and nothing beside it";
  }
  std::size_t Versions() { return ada_.Get(dataset_ + "/versions").At("/versions").as_array().size(); }
  std::size_t Uploads() { return ada_.Get(dataset_ + "/uploads").At("/uploads").as_array().size(); }

  const net::Router router_;
  const std::string key_;
  const std::string dataset_;
};

}  // namespace cloister::control
