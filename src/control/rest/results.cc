// GET /api/tee/queries/{id}/results, .../results/{result}/download, .../receipt.

#include <algorithm>

#include "codec/text.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

constexpr std::uint64_t kInlineResultBytesMax = 1 << 20;  // of a sealed result that is opened and shown at once

struct ResultAccess {
  QueryAccess access;
  ResultRecord result;
};

Result<ResultAccess> RequireResult(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(QueryAccess access, RequireQuery(api, request, request.Param("id")));
  CLOISTER_ASSIGN(auto result, api.store.queries.ResultOf(access.label.id));
  if (!result) return NotFound("the query has no result");
  const auto& recipients = access.query.request.recipients;
  if (std::ranges::find(recipients, access.member.key.thumbprint) == recipients.end()) {
    return Error{Code::kPermissionDenied, "the result is for others: you are not among its recipients"};
  }
  return ResultAccess{.access = std::move(access), .result = *std::move(result)};
}

// What the result says, for a recipient whose key the server keeps.
Result<codec::Json> OpenInline(const Api& api, const ResultAccess& found) {
  CLOISTER_ASSIGN(const Bytes sealed, api.blobs.Read(found.result.blob, 0, found.result.size_bytes));
  CLOISTER_ASSIGN(const Bytes plain,
                  api.custodian.OpenResult(found.access.member.key, sealed, 2 * kInlineResultBytesMax));
  return codec::ParseJson(AsText(plain), {.bytes_max = 2 * kInlineResultBytesMax});
}

Result<net::Response> List(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const ResultAccess found, RequireResult(api, request));
  const ResultRecord& result = found.result;
  codec::JsonObject json{
      {"id", result.id.str()},
      {"format", result.format},
      {"file_size_bytes", result.size_bytes},
      {"digest", codec::HexEncode(result.digest)},
      {"download_url", "/api/tee/queries/" + found.access.label.id.str() + "/results/" + result.id.str() + "/download"},
      {"created_at", FormatRfc3339(result.created_at)}};
  const bool opens_here = found.access.member.key.custody == KeyCustody::kServer;
  if (opens_here && result.format == "json" && result.size_bytes <= kInlineResultBytesMax) {
    CLOISTER_ASSIGN(auto data, OpenInline(api, found));
    json["result_data"] = std::move(data);
  }
  codec::JsonArray results;
  results.push_back(std::move(json));
  return JsonResponse(
      200, {{"results", std::move(results)}, {"receipt", result.receipt}, {"release_entry", result.release_entry}});
}

class BlobSource final : public net::BodySource {
 public:
  BlobSource(cloud::BlobStore& blobs, std::string name, std::uint64_t size)
      : blobs_(blobs), name_(std::move(name)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<std::size_t> Read(std::span<std::uint8_t> out) override {
    CLOISTER_ASSIGN(const Bytes piece, blobs_.Read(name_, offset_, out.size()));
    std::copy(piece.begin(), piece.end(), out.begin());
    offset_ += piece.size();
    return piece.size();
  }

 private:
  cloud::BlobStore& blobs_;
  const std::string name_;
  const std::uint64_t size_;
  std::uint64_t offset_ = 0;
};

Result<net::Response> Download(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const ResultAccess found, RequireResult(api, request));
  if (request.Param("result") != found.result.id.str()) return NotFound("there is no such result");
  net::Response response;
  response.headers = {{"content-type", "application/octet-stream"},
                      {"content-disposition", "attachment; filename=\"" + found.result.id.str() + ".age\""}};
  response.source = std::make_unique<BlobSource>(api.blobs, found.result.blob, found.result.size_bytes);
  return response;
}

Result<net::Response> Receipt(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const QueryAccess access, RequireQuery(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const auto result, api.store.queries.ResultOf(access.label.id));
  if (!result) return NotFound("the query has no receipt");
  codec::JsonArray approvals;
  if (access.query.reservation) {
    for (const Digest256& approval : access.query.reservation->approvals)
      approvals.emplace_back(codec::HexEncode(approval));
  }
  return JsonResponse(200, {{"receipt", result->receipt},
                            {"release_entry", result->release_entry},
                            {"approvals", std::move(approvals)},
                            {"document", access.query.document},
                            {"report", access.query.report_document}});
}

}  // namespace

void AddResultRoutes(net::Router& router, const Api& api) {
  const std::string base = "/api/tee/queries/{id}";
  router.Add("GET", base + "/results", [&api](const net::Request& request) { return List(api, request); });
  router.Add("GET", base + "/results/{result}/download",
             [&api](const net::Request& request) { return Download(api, request); });
  router.Add("GET", base + "/receipt", [&api](const net::Request& request) { return Receipt(api, request); });
}

}  // namespace cloister::control
