// The sealed file of a dataset, in parts that may come in any order, at once, and again:
//
//   POST /api/tee/datasets/{id}/uploads {"size_bytes"}            -> {"upload":{"id","part_size_bytes",...}}
//   PUT  .../uploads/{u}/parts/{n}   n from 1; Content-Digest: sha-256=:...:   (RFC 9530)
//   GET  .../uploads, .../uploads/{u}                             -> which parts are there
//   DELETE .../uploads/{u}                                        -> it is given up
//   POST .../uploads/{u}/complete {"object","document"?}          -> the manifest goes to the enclave
//
// The server never holds a file in memory and never sees what is in it.

#include "codec/text.h"
#include "control/rest/content_digest.h"
#include "control/rest/dataset_files.h"
#include "control/rest/idempotency.h"
#include "control/rest/manifests.h"
#include "control/rest/part_sink.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

constexpr std::uint64_t kPartBytes = 8 << 20;
constexpr std::uint64_t kOpenUploadsMax = 4;  // of one dataset

struct UploadAccess {
  DatasetAccess access;
  UploadRecord upload;
};

Result<UploadAccess> RequireUpload(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(DatasetAccess access, RequireOwner(api, request));
  const auto id = UploadId::Parse(request.Param("upload"));
  if (!id) return NotFound("there is no such upload");
  CLOISTER_ASSIGN(auto upload, api.store.datasets.FindUpload(*id));
  if (!upload || upload->dataset != access.dataset.id) return NotFound("there is no such upload");
  return UploadAccess{.access = std::move(access), .upload = *std::move(upload)};
}

Result<codec::JsonObject> EncodeUpload(const Api& api, const UploadRecord& upload) {
  CLOISTER_ASSIGN(const auto parts, api.store.datasets.Parts(upload.id));
  codec::JsonArray received;
  for (const UploadPart& part : parts) {
    received.push_back({{"part", part.part},
                        {"size_bytes", part.size_bytes},
                        {"digest", "sha-256=:" + codec::Base64Encode(part.digest) + ":"}});
  }
  return codec::JsonObject{{"id", upload.id.str()},
                           {"dataset", upload.dataset.str()},
                           {"size_bytes", upload.size_bytes},
                           {"part_size_bytes", upload.part_size_bytes},
                           {"part_count", PartCount(upload)},
                           {"parts", std::move(received)},
                           {"complete", upload.object.has_value()},
                           {"created_at", FormatRfc3339(upload.created_at)},
                           {"updated_at", FormatRfc3339(upload.updated_at)}};
}

Result<net::Response> Begin(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const DatasetAccess access, RequireOwner(api, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const std::int64_t size = in.Integer("size_bytes", 1, static_cast<std::int64_t>(agreement::kSealedObjectBytesMax));
  CLOISTER_TRY(in.Finish());
  RequestIds ids(api, request);
  const auto id = ids.Make<UploadId>();
  const FilesTurn turn(access.dataset.id);
  CLOISTER_TRY(RequireDatasetNow(api, access.dataset.id));
  CLOISTER_ASSIGN(const auto again, api.store.datasets.FindUpload(id));
  if (again) {
    CLOISTER_ASSIGN(auto json, EncodeUpload(api, *again));
    return JsonResponse(201, {{"upload", std::move(json)}});
  }
  CLOISTER_ASSIGN(const std::int64_t open, api.store.datasets.OpenUploads(access.dataset.id));
  if (open >= static_cast<std::int64_t>(kOpenUploadsMax)) {
    return ResourceExhausted("the dataset has as many unfinished uploads as it may; resume one of them");
  }
  const UploadRecord upload{.id = id,
                            .dataset = access.dataset.id,
                            .size_bytes = static_cast<std::uint64_t>(size),
                            .part_size_bytes = kPartBytes,
                            .object = std::nullopt,
                            .created_at = api.clock.Now()};
  CLOISTER_TRY(api.store.datasets.AddUpload(upload));
  CLOISTER_ASSIGN(auto json, EncodeUpload(api, upload));
  return JsonResponse(201, {{"upload", std::move(json)}});
}

Result<std::unique_ptr<net::BodySink>> OpenPart(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(UploadAccess access, RequireUpload(api, request));
  if (access.upload.object) return FailedPrecondition("the upload is complete");
  net::Request number;
  number.query["part"] = request.Param("part");
  CLOISTER_ASSIGN(const std::uint64_t part, QueryNumber(number, "part", 0));
  if (part < 1 || part > PartCount(access.upload)) {
    return InvalidArgument("the upload has parts 1 to " + std::to_string(PartCount(access.upload)));
  }
  if (request.body_bytes != 0 && request.body_bytes != PartBytes(access.upload, part)) {
    return InvalidArgument("this part must have " + std::to_string(PartBytes(access.upload, part)) + " bytes");
  }
  CLOISTER_ASSIGN(const auto announced, ReadContentDigest(request));
  if (!announced) return InvalidArgument("a part needs the field 'Content-Digest': sha-256=:BASE64:");
  CLOISTER_ASSIGN(auto sink, PartSink::Open(api, std::move(access.upload), {.part = part, .digest = *announced}));
  return std::unique_ptr<net::BodySink>(std::move(sink));
}

Result<net::Response> ShowUpload(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const UploadAccess access, RequireUpload(api, request));
  CLOISTER_ASSIGN(auto json, EncodeUpload(api, access.upload));
  return JsonResponse(200, {{"upload", std::move(json)}});
}

// A death between publishing and its row leaves the blob there and the row open, and maybe nothing durable yet.
Status PublishOrSettle(const Api& api, const UploadRecord& upload) {
  Status published = api.blobs.Publish(upload.id.str(), upload.size_bytes);
  if (published || published.error().code != Code::kNotFound) return published;
  Status settled = api.blobs.Settle(upload.id.str(), upload.size_bytes);
  if (settled || settled.error().code == Code::kUnavailable) return settled;
  return BytesAreGone();
}

// The draft becomes a blob, and true is answered; once more changes nothing.
Result<bool> PublishUpload(const Api& api, const UploadOfDataset& which, const agreement::SealedObjectRef& object) {
  const FilesTurn turn(which.dataset);
  CLOISTER_ASSIGN(const UploadRecord upload, RequireUploadNow(api, which));
  if (PartCount(upload) == 0) return FailedPrecondition("a file in one request is complete when that request ends");
  if (object.length_bytes != upload.size_bytes)
    return Conflict("'object.length' is not the length of the upload");
  if (upload.object) {
    if (*upload.object != object) return Conflict("the upload was completed as another object");
    return false;
  }
  CLOISTER_ASSIGN(const auto parts, api.store.datasets.Parts(upload.id));
  if (parts.size() != PartCount(upload)) {
    return FailedPrecondition(std::to_string(PartCount(upload) - parts.size()) + " parts are missing");
  }
  CLOISTER_TRY(PublishOrSettle(api, upload));
  // What attempts at parts left behind that a crash cut off: while the row is open, so that somebody asks again.
  CLOISTER_TRY(api.blobs.DiscardDrafts(upload.id.str()));
  CLOISTER_TRY(api.store.datasets.CompleteUpload(upload.id, object, api.clock.Now()));
  return true;
}

Result<net::Response> Complete(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const UploadAccess access, RequireUpload(api, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const codec::Json& object_json = in.Any("object");
  const auto document = in.OptionalString("document", crypto::kJwsBytesMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const auto object, agreement::DecodeObjectRef(object_json, "object"));
  const bool signs_himself = access.access.member.key.custody == KeyCustody::kSelf && !access.upload.object;
  if (document || signs_himself) CLOISTER_TRY(CheckManifest(access.access, object, document));  // nothing is complete
  const std::uint64_t size =
      access.access.member.session->Look([](const ledger::LedgerState& state) { return state.size(); });
  CLOISTER_ASSIGN(const bool is_new,
                  PublishUpload(api, {.dataset = access.access.dataset.id, .upload = access.upload.id}, object));
  const OfferedFile file{.object = object, .signed_from = is_new ? size : 0};
  CLOISTER_ASSIGN(const RecordedLink recorded, RecordManifest(api, access.access, file, document));
  return AnswerDataset(api, access.access, 200, recorded, "The sealed file is stored and its manifest is recorded.");
}

// An unfinished upload is given up; what came of it is thrown away.
Result<net::Response> Abort(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const UploadAccess access, RequireUpload(api, request));
  CLOISTER_TRY(ReadNothing(request));
  const FilesTurn turn(access.upload.dataset);
  CLOISTER_ASSIGN(const UploadRecord upload,
                  RequireUploadNow(api, {.dataset = access.upload.dataset, .upload = access.upload.id}));
  if (upload.object) return FailedPrecondition("the upload is complete; remove its dataset instead");
  CLOISTER_TRY(ForgetUpload(api, upload.id));
  return JsonResponse(200, {{"message", "The upload is given up."}});
}

Result<net::Response> ListUploads(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const DatasetAccess access, RequireOwner(api, request));
  CLOISTER_ASSIGN(const auto records, api.store.datasets.UploadsOf(access.dataset.id));
  codec::JsonArray uploads;
  for (const UploadRecord& record : records) {
    CLOISTER_ASSIGN(auto json, EncodeUpload(api, record));
    uploads.push_back(std::move(json));
  }
  return AnswerList(request, "uploads", std::move(uploads));
}

}  // namespace

void AddUploadRoutes(net::Router& router, const Api& api) {
  const std::string base = "/api/tee/datasets/{id}/uploads";
  router.Add("POST", base, [&api](const net::Request& request) { return Begin(api, request); });
  router.Add("GET", base, [&api](const net::Request& request) { return ListUploads(api, request); });
  router.Add("DELETE", base + "/{upload}", [&api](const net::Request& request) { return Abort(api, request); });
  router.Add("GET", base + "/{upload}", [&api](const net::Request& request) { return ShowUpload(api, request); });
  router.AddUpload("PUT", base + "/{upload}/parts/{part}", kPartBytes,
                   [&api](const net::Request& request) { return OpenPart(api, request); });
  router.Add("POST", base + "/{upload}/complete",
             [&api](const net::Request& request) { return Complete(api, request); });
}

}  // namespace cloister::control
