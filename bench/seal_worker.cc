#include "seal_worker.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

#include "base/rng.h"
#include "child.h"
#include "codec/text.h"
#include "sealing/fd_stream.h"
#include "sealing/open_reader.h"
#include "sealing/seal_writer.h"

namespace cloister::bench {
namespace {

// From descriptor to writer without a copy in between, as the client seals a file.
template <typename Writer>
Status Pump(int in, Writer& writer) {
  sealing::FdSource source(in);
  while (true) {
    CLOISTER_ASSIGN(const auto room, writer.Reserve());
    CLOISTER_ASSIGN(const std::size_t count, source.Read(room));
    if (count == 0) return {};
    CLOISTER_TRY(writer.Commit(count));
  }
}

Status Seal(int in, sealing::SealOptions options) {
  CLOISTER_ASSIGN(auto writer, sealing::AgeWriter::Start(options));
  CLOISTER_TRY(Pump(in, writer));
  return writer.Finish();
}

// "<header digest> <length> <root>", for the opening that follows.
std::string RefText(const sealing::SealedObjectRef& ref) {
  return codec::HexEncode(ref.header_digest) + ' ' + std::to_string(ref.length_bytes) + ' ' +
         codec::HexEncode(ref.root);
}

Result<sealing::SealedObjectRef> ParseRef(const std::string& text) {
  const std::size_t first = text.find(' ');
  const std::size_t second = text.find(' ', first + 1);
  sealing::SealedObjectRef ref;
  CLOISTER_ASSIGN(ref.header_digest, codec::HexDecodeDigest(text.substr(0, first)));
  ref.length_bytes = std::stoull(text.substr(first + 1));
  CLOISTER_ASSIGN(ref.root, codec::HexDecodeDigest(text.substr(second + 1)));
  return ref;
}

Status SealWithRoot(int in, sealing::SealOptions options) {
  CLOISTER_ASSIGN(auto writer, sealing::SealWriter::Start(options));
  CLOISTER_TRY(Pump(in, writer));
  CLOISTER_ASSIGN(const auto ref, writer.Finish());
  std::fprintf(stderr, "ref %s\n", RefText(ref).c_str());
  return {};
}

Status Open(sealing::OpenOptions options, ByteSink& sink) {
  CLOISTER_ASSIGN(auto reader, sealing::AgeReader::Start(options));
  for (bool more = true; more;) {
    CLOISTER_ASSIGN(const ByteView piece, reader.Next());
    CLOISTER_TRY(sink.Write(piece));
    more = !piece.empty();
  }
  return {};
}

Status OpenWithRoot(const sealing::SealedObjectRef& ref, sealing::OpenOptions options, ByteSink& sink) {
  CLOISTER_ASSIGN(auto reader, sealing::OpenReader::Start(ref, options));
  for (bool more = true; more;) {
    CLOISTER_ASSIGN(const ByteView piece, reader.NextProvisional());
    CLOISTER_TRY(sink.Write(piece));
    more = !piece.empty();
  }
  CLOISTER_TRY(std::move(reader).Finish());
  return {};
}

Status Work(const std::string& what, int threads, const std::string& key, int in) {
  SystemRng rng;
  sealing::FdSource source(in);
  sealing::FdSink sink(STDOUT_FILENO);
  if (what.starts_with("seal")) {
    CLOISTER_ASSIGN(const auto recipient, sealing::AgeRecipient::Parse(key));
    const sealing::SealOptions options{.recipients = {&recipient, 1}, .rng = rng, .sink = sink, .threads = threads};
    return what == "seal" ? Seal(in, options) : SealWithRoot(in, options);
  }
  CLOISTER_ASSIGN(const auto identity, sealing::AgeIdentity::Parse(key));
  const sealing::OpenOptions options{.source = source, .identities = {&identity, 1}, .threads = threads};
  if (what == "open") return Open(options, sink);
  const char* text = std::getenv("CLOISTER_BENCH_REF");
  CLOISTER_ASSIGN(const auto ref, ParseRef(text == nullptr ? "" : text));
  return OpenWithRoot(ref, options, sink);
}

}  // namespace

WorkerReport ParseWorkerReport(const std::string& errors) {
  WorkerReport report;
  std::istringstream lines(errors);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("ref ")) report.ref = line.substr(4);
    if (line.starts_with("peak_kib ")) report.peak_kib = std::stoull(line.substr(9));
  }
  return report;
}

int RunSealWorker(int argc, char** argv) {
  if (argc != 5) return 2;
  const int in = open(argv[4], O_RDONLY | O_CLOEXEC);
  if (in < 0) return 3;
  const Status done = Work(argv[1], std::atoi(argv[2]), argv[3], in);
  close(in);
  std::fprintf(stderr, "peak_kib %llu\n", static_cast<unsigned long long>(PeakMemoryKib()));
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().public_message.c_str());
  return 1;
}

}  // namespace cloister::bench
