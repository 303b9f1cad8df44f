// `result`: a receipt and a sealed file, checked against the verified ledger, then opened here.

#include "agreement/enclave_documents.h"
#include "cli/durable_file.h"
#include "cli/foreign.h"
#include "cli/known_query.h"
#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/query_words.h"
#include "cli/result_table.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include "ledger/audit.h"
#include "sealing/open_reader.h"

namespace cloister::cli {
namespace {

// The receipt of an answered query, proved: signed by the enclave, in the ledger, about this very query.
struct ProvenReceipt {
  ledger::CheckedReceipt checked;

  const agreement::Receipt& receipt() const { return checked.receipt.body(); }
};

// Where a query stands when it has no result (yet).
std::optional<ExitCode> NoResult(Output& out, const KnownQuery& known) {
  using Phase = ledger::QueryPhase;
  const Phase phase = known.record->phase;
  if (phase == Phase::kReleased) return std::nullopt;
  if (phase == Phase::kSubmitted || phase == Phase::kReported) {
    out.Say("There is no result yet: the query waits for approval.");
    return ExitCode::kWaiting;
  }
  out.Say("There is no result: the query is " + std::string(ledger::QueryPhaseName(phase)) + ".");
  if (phase == Phase::kRefused || phase == Phase::kRejected) return ExitCode::kRefused;
  return ExitCode::kError;
}

Result<ProvenReceipt> FetchReceipt(Session& session, const KnownQuery& known) {
  const QueryId& id = known.record->request.query;
  CLOISTER_ASSIGN(const codec::Json answer, session.api().Get(QueryPath(id) + "/receipt"));
  CLOISTER_ASSIGN(ledger::CheckedReceipt checked,
                  Foreign("the receipt", ledger::CheckReceipt(known.state, TextAt(answer, "receipt"))));
  if (checked.receipt.body().query != known.record->digest || checked.receipt.body().query_id != id) {
    return VerificationFailed("the receipt is of another query");
  }
  return ProvenReceipt{std::move(checked)};
}

class MemoryDownload final : public net::DownloadBody {
 public:
  explicit MemoryDownload(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  Status Restart() override {
    bytes.clear();
    return {};
  }
  Status Write(ByteView piece) override {
    if (piece.size() > bytes_max_ - bytes.size()) {
      return VerificationFailed("the server sends a longer file than the receipt names");
    }
    Append(bytes, piece);
    return {};
  }
  Bytes bytes;

 private:
  std::size_t bytes_max_;
};

// What the server says about the query's one result file: where it is and, with custody `server`, what is in it.
Result<codec::Json> FetchResultEntry(Session& session, const QueryId& id) {
  CLOISTER_ASSIGN(const codec::Json answer, session.api().Get(QueryPath(id) + "/results"));
  const codec::JsonArray& list = ArrayAt(answer, "results");
  if (list.empty()) return NotFound("the server does not list the result; try again in a moment");
  return list[0];
}

// The sealed bytes that the receipt names, or an Error.
Result<Bytes> FetchSealed(Session& session, const codec::Json& entry, const ProvenReceipt& proven) {
  const agreement::ReleasedResult& released = proven.receipt().result;
  if (released.length_bytes > kResultBytesMax) {
    return ResourceExhausted("the result has " + std::to_string(released.length_bytes) +
                             " bytes, and this client opens at "
                             "most " +
                             std::to_string(kResultBytesMax) + "; download it and use `age -d`");
  }
  MemoryDownload download(released.length_bytes);
  CLOISTER_ASSIGN(const net::HttpAnswer answer,
                  session.api().Send({.target = QueryPath(proven.receipt().query_id) + "/results/" +
                                                net::EncodeSegment(TextAt(entry, "id")) + "/download",
                                      .fields = {{"Accept", "application/octet-stream"}},
                                      .download = &download,
                                      .answer_bytes_max = kResultBytesMax,
                                      .timeout_ms = session.context().flags.timeout_ms}));
  if (!answer.ok()) return net::JsonOf(answer).error();
  if (crypto::Sha256(download.bytes) != released.digest) {
    return VerificationFailed(
        "the sealed result is not the one that the receipt names: other bytes were put in its place");
  }
  return std::move(download.bytes);
}

Result<ResultTable> OpenSealed(const ParticipantKeys& keys, ByteView sealed) {
  CLOISTER_ASSIGN(const Bytes plain, sealing::OpenBytes(sealed, keys.identity, kResultBytesMax));
  CLOISTER_ASSIGN(const codec::Json json, codec::ParseJson(AsText(plain), {.bytes_max = kResultBytesMax}));
  return DecodeResult(json);
}

// With custody `server` the server opens, and could tell anything; the sealed bytes at least are the receipt's.
Result<ResultTable> OpenedByServer(const codec::Json& entry) {
  const codec::Json& data = MemberAt(entry, "result_data");
  if (!data.is_object()) return Unavailable("the server keeps your key, and did not open the result for you");
  return Foreign("the opened result", DecodeResult(data));
}

Result<ResultTable> OpenResult(Session& session, const ProvenReceipt& proven) {
  CLOISTER_ASSIGN(const codec::Json entry, FetchResultEntry(session, proven.receipt().query_id));
  CLOISTER_ASSIGN(const Bytes sealed, FetchSealed(session, entry, proven));
  const ParticipantKeys* keys = session.keys();
  if (keys == nullptr) {
    session.out().Warn(
        "custody server: the server opened this result; its sealed file is the receipt's, what it says inside "
        "is the server's word");
  }
  CLOISTER_ASSIGN(ResultTable table, keys == nullptr ? OpenedByServer(entry) : OpenSealed(*keys, sealed));
  if (agreement::RowBand(static_cast<std::int64_t>(table.rows.size())) != proven.receipt().rows) {
    return VerificationFailed("the result has " + std::to_string(table.rows.size()) + " rows, and the receipt says " +
                              std::to_string(proven.receipt().rows));
  }
  return table;
}

std::string Rendered(const ResultTable& table, ResultForm form, const OutputStyle& style) {
  switch (form) {
    case ResultForm::kTable: return RenderResult(table, style);
    case ResultForm::kCsv: return ResultCsv(table);
    case ResultForm::kJson: return codec::WriteJson(ResultJson(table)) + "\n";
    case ResultForm::kSealed: break;  // is not opened
  }
  internal::CheckFailed(__FILE__, __LINE__, "a ResultForm outside its enumeration");
}

std::string Protections(const agreement::Receipt& receipt) {
  std::string out;
  for (const std::string& each : receipt.protections) out += (out.empty() ? "" : "; ") + Printable(each);
  return out.empty() ? "none" : out;
}

Facts ReceiptFacts(const KnownQuery& known, const ProvenReceipt& proven) {
  const agreement::Charter& charter = known.environment.charter();
  const agreement::Receipt& receipt = proven.receipt();
  std::string spent;
  for (const agreement::Charge& charge : receipt.spent) {
    const auto found = known.state.datasets().find(charge.dataset);
    const std::string name =
        found == known.state.datasets().end() ? charge.dataset.str() : found->second.versions.back().manifest.name;
    spent += (spent.empty() ? "" : "; ") + ChargeWords(charge, name);
  }
  return {{"query", receipt.query_id.str()},
          {"name", Printable(known.record->request.name)},
          {"released to", PeopleNames(charter, receipt.recipients)},
          {"rows", "at most " + std::to_string(receipt.rows)},
          {"protections", Protections(receipt)},
          {"spent", spent.empty() ? "nothing" : spent},
          {"approvals", std::to_string(receipt.approvals.size())},
          {"result", codec::HexEncode(receipt.result.digest)},
          {"plan", codec::HexEncode(receipt.plan)},
          {"time", FormatRfc3339(receipt.time)},
          {"release", "entry " + std::to_string(proven.checked.release_entry) + " of the verified ledger"}};
}

struct OnReleased {
  std::unique_ptr<Session> session;
  KnownQuery known;
  std::optional<ExitCode> none;  // why there is nothing to look at
};

Result<OnReleased> Begin(Context& context, const std::string& query) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(KnownQuery known, FindKnownQuery(*session, query));
  const std::optional<ExitCode> none = NoResult(context.out, known);
  return OnReleased{std::move(session), std::move(known), none};
}

// What is asked for, out of bytes that are the receipt's.
Result<std::string> TextOf(Session& session, const ProvenReceipt& proven, ResultForm form) {
  if (form == ResultForm::kSealed) {
    CLOISTER_ASSIGN(const codec::Json entry, FetchResultEntry(session, proven.receipt().query_id));
    CLOISTER_ASSIGN(const Bytes sealed, FetchSealed(session, entry, proven));
    return std::string(AsText(sealed));
  }
  CLOISTER_ASSIGN(const ResultTable table, OpenResult(session, proven));
  OutputStyle style = session.out().style();
  if (style.format == OutputFormat::kJson) style.format = OutputFormat::kHuman;  // --format table asks for it
  return Rendered(table, form, style);
}

ResultForm FormOf(const ResultGetVerb& verb, const Output& out) {
  if (verb.form) return *verb.form;
  if (verb.output.ends_with(".age")) return ResultForm::kSealed;
  if (verb.output.ends_with(".csv")) return ResultForm::kCsv;
  if (verb.output.ends_with(".json") || out.json()) return ResultForm::kJson;
  return ResultForm::kTable;
}

}  // namespace

Result<ExitCode> Run(Context& context, const ResultGetVerb& verb) {
  CLOISTER_ASSIGN(OnReleased on, Begin(context, verb.query));
  if (on.none) return *on.none;
  CLOISTER_ASSIGN(const ProvenReceipt proven, FetchReceipt(*on.session, on.known));
  CLOISTER_ASSIGN(const std::string text, TextOf(*on.session, proven, FormOf(verb, context.out)));
  if (verb.output.empty()) {
    context.out.Raw(text);
  } else {
    CLOISTER_TRY(WriteDurably(verb.output, text, FileAccess::kOwnerOnly));
  }
  context.out.SayRendered(context.out.Mark(true) + "  receipt and ledger verified (release is entry " +
                  std::to_string(proven.checked.release_entry) + "); protections: " + Protections(proven.receipt()));
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const ResultReceiptVerb& verb) {
  CLOISTER_ASSIGN(OnReleased on, Begin(context, verb.query));
  if (on.none) return *on.none;
  CLOISTER_ASSIGN(const ProvenReceipt proven, FetchReceipt(*on.session, on.known));
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"receipt", agreement::EncodeReceipt(proven.receipt())},
                                       {"document", proven.checked.receipt.compact()},
                                       {"release_entry", static_cast<std::int64_t>(proven.checked.release_entry)},
                                       {"verified", true}});
  } else {
    context.out.Show(ReceiptFacts(on.known, proven));
  }
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const ResultVerifyVerb& verb) {
  CLOISTER_ASSIGN(OnReleased on, Begin(context, verb.query));
  if (on.none) return *on.none;
  CLOISTER_ASSIGN(const ProvenReceipt proven, FetchReceipt(*on.session, on.known));
  CLOISTER_ASSIGN(const codec::Json entry, FetchResultEntry(*on.session, proven.receipt().query_id));
  CLOISTER_TRY(FetchSealed(*on.session, entry, proven));
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"query", proven.receipt().query_id.str()},
                                       {"verified", true},
                                       {"release_entry", static_cast<std::int64_t>(proven.checked.release_entry)},
                                       {"result_digest", codec::HexEncode(proven.receipt().result.digest)}});
    return ExitCode::kOk;
  }
  const std::string release = std::to_string(proven.checked.release_entry);
  for (const std::string& check :
       {std::string("ledger: every entry, every boot, the checkpoint"),
        std::string("receipt: signed by the enclave; names this query, its plan, its report and its approvals"),
        "release: entry " + release + " names this receipt and this result",
        std::string("sealed file: its SHA-256 is the receipt's")}) {
    context.out.Line(context.out.Mark(true) + "  " + check);
  }
  return ExitCode::kOk;
}

}  // namespace cloister::cli
