// GET /api/tee/queries/{id}/results, .../results/{result}/download, .../receipt; GET /api/tee/results/{result}.
//
// A signed URL stands in for the caller for a quarter of an hour: whoever holds it gets the file, so that a browser or
// a downloader needs no API key. For custody `server` it is the opened result, for everybody else the sealed one.

#include <algorithm>

#include "codec/ascii.h"
#include "codec/text.h"
#include "control/rest/routes.h"
#include "crypto/digest.h"
#include "sealing/age_header.h"
#include "sealing/payload.h"

namespace cloister::control {
namespace {

constexpr std::uint64_t kInlineResultBytesMax = 1 << 20;   // of a sealed result that is opened and shown at once
constexpr std::uint64_t kInlineSealedBytesMax = 64 << 10;  // of one that is shown sealed
constexpr std::uint64_t kOpenedResultBytesMax = 64 << 20;  // of one that is opened for a signed URL
constexpr std::int64_t kSignedUrlSeconds = 900;

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

bool IsOpenedHere(const ResultAccess& found) { return found.access.member.key.custody == KeyCustody::kServer; }

// Of what the download is: the sealed file, or what is in it, which has the length of its size band.
Result<std::uint64_t> FileBytes(const Api& api, const ResultAccess& found) {
  const ResultRecord& result = found.result;
  if (!IsOpenedHere(found)) return result.size_bytes;
  const std::uint64_t header_bytes_max = std::min<std::uint64_t>(result.size_bytes, sealing::kAgeHeaderBytesMax);
  CLOISTER_ASSIGN(const Bytes front, api.blobs.Read(result.blob, 0, header_bytes_max));
  std::size_t searched = 0;
  const auto header_bytes = sealing::FindAgeHeaderEnd(front, searched);
  const std::uint64_t least = sealing::PayloadBytes(0);
  if (!header_bytes || result.size_bytes < *header_bytes + least) {
    return Error{Code::kDataLoss, "the stored result is no sealed file"};
  }
  return sealing::PlaintextBytes(result.size_bytes - *header_bytes);
}

// What a signed URL says, and the signature over it.
struct SignedLink {
  std::string result;
  std::string recipient;
  std::int64_t expires = 0;  // seconds since 1970
};

std::string Sign(const Api& api, const SignedLink& link) {
  const std::string text = link.result + "\n" + link.recipient + "\n" + std::to_string(link.expires);
  const SecretBytes key = api.vault.DeriveKey("signed url");
  return codec::Base64UrlEncode(crypto::HmacSha256(key.view(), AsBytes(text)));
}

std::string SignedUrl(const Api& api, const ResultAccess& found) {
  const SignedLink link{.result = found.result.id.str(),
                        .recipient = found.access.member.key.thumbprint,
                        .expires = api.clock.Now().unix_ms / 1000 + kSignedUrlSeconds};
  return "/api/tee/results/" + link.result + "?for=" + link.recipient + "&expires=" + std::to_string(link.expires) +
         "&signature=" + Sign(api, link);
}

Result<codec::JsonObject> EncodeResult(const Api& api, const ResultAccess& found) {
  const ResultRecord& result = found.result;
  CLOISTER_ASSIGN(const std::uint64_t file_bytes, FileBytes(api, found));
  return codec::JsonObject{{"id", result.id.str()},
                           {"query", result.query.str()},
                           {"format", result.format},
                           {"sealed", !IsOpenedHere(found)},
                           {"file_size_bytes", file_bytes},
                           {"digest", codec::HexEncode(result.digest)},
                           {"download_url", SignedUrl(api, found)},
                           {"expires_in_seconds", kSignedUrlSeconds},
                           {"created_at", FormatRfc3339(result.created_at)},
                           {"updated_at", FormatRfc3339(result.created_at)}};
}

// What a small result says, for whose key the server keeps; for others the sealed file.
Status AddInline(const Api& api, const ResultAccess& found, codec::JsonObject& json) {
  const ResultRecord& result = found.result;
  if (IsOpenedHere(found)) {
    if (result.format != "json" || result.size_bytes > kInlineResultBytesMax) return {};
    CLOISTER_ASSIGN(json["result_data"], OpenInline(api, found));
    return {};
  }
  if (result.size_bytes > kInlineSealedBytesMax) return {};
  CLOISTER_ASSIGN(const Bytes sealed, api.blobs.Read(result.blob, 0, result.size_bytes));
  json["sealed_object"] = codec::Base64Encode(sealed);
  return {};
}

// One query has one result: what it says stands in the list and, for whoever asks for no list, beside it.
Result<net::Response> List(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const ResultAccess found, RequireResult(api, request));
  const ResultRecord& result = found.result;
  CLOISTER_ASSIGN(codec::JsonObject json, EncodeResult(api, found));
  CLOISTER_TRY(AddInline(api, found, json));
  codec::JsonObject answer = json;
  answer.erase("id");
  codec::JsonArray results;
  results.push_back(std::move(json));
  answer["results"] = std::move(results);
  answer["receipt"] = result.receipt;
  answer["release_entry"] = result.release_entry;
  return JsonResponse(200, std::move(answer));
}

class BlobSource final : public net::BodySource {
 public:
  BlobSource(sealing::BlobStore& blobs, std::string name, std::uint64_t size)
      : blobs_(blobs), name_(std::move(name)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<std::size_t> Read(std::span<std::uint8_t> out) override {
    CLOISTER_ASSIGN(const Bytes piece, blobs_.Read(name_, offset_, out.size()));
    std::copy(piece.begin(), piece.end(), out.begin());
    offset_ += piece.size();
    return piece.size();
  }

 private:
  sealing::BlobStore& blobs_;
  const std::string name_;
  const std::uint64_t size_;
  std::uint64_t offset_ = 0;
};

net::Response SealedFile(const Api& api, const ResultRecord& result) {
  net::Response response;
  response.headers = {{"content-type", "application/octet-stream"},
                      {"content-disposition", "attachment; filename=\"" + result.id.str() + ".age\""}};
  response.source = std::make_unique<BlobSource>(api.blobs, result.blob, result.size_bytes);
  return response;
}

// Whether the first of the types that he names is that of a file. Clients name first what they like best; weights are
// not looked at.
bool WantsFile(const net::Request& request) {
  const std::string* accept = request.Header("accept");
  if (accept == nullptr) return false;
  const std::string first = codec::LowerCase(accept->substr(0, accept->find_first_of(",;")));
  return first.substr(0, first.find_last_not_of(" \t") + 1) == "application/octet-stream";
}

// `Accept: application/octet-stream` gets the sealed file at once, everybody else a signed URL.
Result<net::Response> Download(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const ResultAccess found, RequireResult(api, request));
  if (request.Param("result") != found.result.id.str()) return NotFound("there is no such result");
  if (WantsFile(request)) return SealedFile(api, found.result);
  CLOISTER_ASSIGN(codec::JsonObject json, EncodeResult(api, found));
  return JsonResponse(200, std::move(json));
}

// A signed URL that does not hold is one that does not exist.
Result<SignedLink> ReadSignedLink(const Api& api, const net::Request& request) {
  const auto recipient = request.query.find("for");
  const auto signature = request.query.find("signature");
  CLOISTER_ASSIGN(const std::uint64_t expires, QueryNumber(request, "expires", 0));
  const Error missing = NotFound("there is no such file, or its URL has expired; ask for another");
  if (recipient == request.query.end() || signature == request.query.end()) return missing;
  SignedLink link{
      .result = request.Param("result"), .recipient = recipient->second, .expires = static_cast<std::int64_t>(expires)};
  const bool signed_by_us = crypto::EqualInConstantTime(AsBytes(signature->second), AsBytes(Sign(api, link)));
  if (!signed_by_us || link.expires <= api.clock.Now().unix_ms / 1000) return missing;
  return link;
}

Result<net::Response> Fetch(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const SignedLink link, ReadSignedLink(api, request));
  CLOISTER_ASSIGN(const ResultId id, ResultId::Parse(link.result));
  CLOISTER_ASSIGN(const auto result, api.store.queries.FindResult(id));
  CLOISTER_ASSIGN(const auto key, api.store.users.FindParticipantKey(link.recipient));
  if (!result || !key) return NotFound("there is no such file");
  if (key->custody != KeyCustody::kServer) return SealedFile(api, *result);
  if (result->size_bytes > kOpenedResultBytesMax) {
    return ResourceExhausted("the result is too large for the server to open; keep your own key and fetch it sealed");
  }
  CLOISTER_ASSIGN(const Bytes sealed, api.blobs.Read(result->blob, 0, result->size_bytes));
  CLOISTER_ASSIGN(const Bytes plain, api.custodian.OpenResult(*key, sealed, kOpenedResultBytesMax));
  net::Response response;
  const bool json = result->format == "json";
  response.headers = {{"content-type", json ? "application/json" : "application/octet-stream"},
                      {"content-disposition", "attachment; filename=\"" + link.result + "." + result->format + "\""}};
  response.body.assign(AsText(plain));
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
  router.Add("GET", "/api/tee/results/{result}", [&api](const net::Request& request) { return Fetch(api, request); });
  router.Add("GET", base + "/receipt", [&api](const net::Request& request) { return Receipt(api, request); });
}

}  // namespace cloister::control
