#include "cli/dataset_seal.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "cli/durable_file.h"
#include "cli/progress.h"
#include "sealing/fd_stream.h"
#include "sealing/seal_writer.h"

namespace cloister::cli {
namespace {

constexpr std::uint64_t kSpareBytes = 16 << 20;
constexpr int kSealThreads = 2;

// 16 bytes of tag per 64 KiB, and a header.
std::uint64_t SealedBytesAtMost(std::uint64_t size_bytes) { return size_bytes + size_bytes / 4096 + 4096; }

Status CheckSpace(const SealJob& job) {
  std::error_code error;
  const auto space = std::filesystem::space(job.target.parent_path(), error);
  const std::uint64_t needed = SealedBytesAtMost(job.size_bytes) + kSpareBytes;
  if (error || space.available >= needed) return {};
  return ResourceExhausted("the sealed file needs " + FormatSize(needed) + " in " + job.target.parent_path().string() +
                           ", which has " + FormatSize(space.available) +
                           " left; free some, or use --home on another disk");
}

Result<sealing::SealedObjectRef> Seal(Session& session, const SealJob& job, int from, int to) {
  CLOISTER_ASSIGN(const auto recipient, sealing::AgeRecipient::Parse(job.recipient));
  sealing::FdSource source(from);
  sealing::FdSink sink(to);
  CLOISTER_ASSIGN(
      auto writer,
      sealing::SealWriter::Start(
          {.recipients = {&recipient, 1}, .rng = session.context().rng, .sink = sink, .threads = kSealThreads}));
  Progress progress(session.out(), session.context().clock, {.label = "sealing", .total_bytes = job.size_bytes});
  for (std::uint64_t done = 0;;) {
    CLOISTER_ASSIGN(const auto room, writer.Reserve());
    CLOISTER_ASSIGN(const std::size_t count, source.Read(room));
    if (count == 0) break;
    CLOISTER_TRY(writer.Commit(count));
    done += count;
    progress.Advance(done);
  }
  return writer.Finish();
}

}  // namespace

Result<agreement::SealedObjectRef> SealFile(Session& session, const SealJob& job) {
  CLOISTER_TRY(MakePrivateFolder(job.target.parent_path()));
  CLOISTER_TRY(CheckSpace(job));
  const std::filesystem::path beside = job.target.string() + ".new";
  const Descriptor source(open(job.source.c_str(), O_RDONLY | O_CLOEXEC));
  const Descriptor target(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!source.valid()) return NotFound("there is no file " + job.source.string() + " that you may read");
  if (!target.valid()) return FailedPrecondition("cannot write " + beside.string());
  CLOISTER_ASSIGN(const auto ref, Seal(session, job, source.get(), target.get()));
  if (fsync(target.get()) != 0 || rename(beside.c_str(), job.target.c_str()) != 0) {
    return FailedPrecondition("cannot write " + job.target.string());
  }
  return agreement::SealedObjectRef{
      .header_digest = ref.header_digest, .length_bytes = ref.length_bytes, .root = ref.root};
}

}  // namespace cloister::cli
