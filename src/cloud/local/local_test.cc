// Real children of this machine: shell scripts in the place of the enclave program.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "cloud/local/child_process.h"
#include "cloud/local/local_blob_store.h"
#include "cloud/local/local_provider.h"
#include "cloud/local/local_query_checker.h"
#include "cloud/local/local_sealer.h"
#include "crypto/digest.h"

namespace cloister::cloud {
namespace {

class LocalTest : public testing::Test {
 protected:
  LocalTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "cloister_local_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~LocalTest() override { std::filesystem::remove_all(folder_); }
  std::string Script(const std::string& body) {
    const auto path = folder_ / "program";
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  Result<std::unique_ptr<LocalProvider>> Provider(const std::string& program) {
    return LocalProvider::Open({.enclave_program = program, .sealer_file = folder_ / "sealer"}, rng_);
  }
  // What the child wrote to its channel until it ended.
  static std::string ReadChannel(TeeInstance& instance) {
    const Descriptor channel(instance.TakeChannel());
    std::string text;
    char piece[4096];
    for (ssize_t got; (got = read(channel.get(), piece, sizeof piece)) > 0;)
      text.append(piece, static_cast<std::size_t>(got));
    return text;
  }

  std::filesystem::path folder_;
  SystemRng rng_;
  SystemClock clock_;
};

TEST_F(LocalTest, AnEnclaveGetsItsChannelAndNothingElse) {
  const int leaked = open("/dev/null", O_RDONLY);  // without close-on-exec, as a careless library would
  setenv("CLOISTER_TEST_SECRET", "marker", 1);
  auto provider = *Provider(Script("ls /proc/self/fd >&3; ulimit -c >&3; env >&3"));
  auto instance = *provider->Start();
  const std::string seen = ReadChannel(*instance);
  close(leaked);
  // 0, 1, 2, the channel, and the one that ls itself opens; the limit; then no environment but what sh adds.
  EXPECT_EQ(seen.substr(0, 12), "0\n1\n2\n3\n4\n0\n") << seen;
  EXPECT_EQ(seen.find("marker"), std::string::npos);
  EXPECT_EQ(seen.find("HOME="), std::string::npos);
}

TEST_F(LocalTest, NoticesThatAnEnclaveEnded) {
  auto provider = *Provider(Script("read line <&3"));
  auto instance = *provider->Start();
  EXPECT_TRUE(instance->running());
  {
    const Descriptor channel(instance->TakeChannel());
    ASSERT_EQ(write(channel.get(), "go\n", 3), 3);
    pollfd ended{channel.get(), POLLIN, 0};
    EXPECT_EQ(poll(&ended, 1, 20'000), 1);
  }
  while (instance->running()) {
  }
}

TEST_F(LocalTest, KillsAnEnclaveThatDoesNotEnd) {
  auto provider = *Provider(Script("echo $$ >&3; exec 3>&-; while true; do sleep 1; done"));
  auto instance = *provider->Start();
  const int pid = std::stoi(ReadChannel(*instance));
  instance.reset();
  EXPECT_NE(kill(pid, 0), 0);
}

TEST_F(LocalTest, AnEnclaveOutlivesTheThreadThatAskedForIt) {
  const std::string watcher = Script("exec python3 -c 'import ctypes,os; ctypes.CDLL(None).prctl(1,9);"
                                     "os.write(3,b\"up\"); os.read(3,1); os.write(3,b\"still\")'");
  auto provider = *Provider(watcher);
  std::unique_ptr<TeeInstance> instance;
  Descriptor channel;
  std::thread([&] {
    instance = *provider->Start();
    channel = Descriptor(instance->TakeChannel());
    char up[2];
    ASSERT_EQ(read(channel.get(), up, 2), 2);
  }).join();
  ASSERT_EQ(write(channel.get(), "x", 1), 1);
  char still[5];
  EXPECT_EQ(recv(channel.get(), still, 5, MSG_WAITALL), 5);
}

TEST_F(LocalTest, MeasuresTheProgramThatItRuns) {
  auto provider = *Provider(Script("exit 0"));
  EXPECT_EQ(provider->measurements(), std::vector<Digest256>{crypto::Sha256(AsBytes("#!/bin/sh\nexit 0\n"))});
  EXPECT_EQ(Provider(folder_ / "absent").error().code, Code::kUnavailable);
}

TEST_F(LocalTest, KeepsItsSealerForItself) {
  const std::string path = folder_ / "sealer";
  const SecretBytes made = *LoadOrMakeSealer(path, rng_);
  EXPECT_EQ(AsText(made.view()).substr(0, 16), "AGE-SECRET-KEY-1");
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(AsText(LoadOrMakeSealer(path, rng_)->view()), AsText(made.view()));
  chmod(path.c_str(), 0640);
  EXPECT_EQ(LoadOrMakeSealer(path, rng_).error().code, Code::kPermissionDenied);
  chmod(path.c_str(), 0600);
  std::ofstream(path) << "not a key\n";
  EXPECT_EQ(LoadOrMakeSealer(path, rng_).error().code, Code::kInvalidArgument);
}

TEST_F(LocalTest, AsksTheCompiler) {
  LocalQueryChecker checker({.enclave_program = Script("[ \"$1\" = --compile ] && cat && echo ' checked'")}, clock_);
  EXPECT_EQ(*checker.Check("the question"), "the question checked\n");
  const std::string large(1 << 20, 'q');
  EXPECT_EQ(checker.Check(large)->size(), large.size() + 9);
}

TEST_F(LocalTest, DoesNotWaitForACompilerThatHangsOrFails) {
  LocalQueryChecker hangs({.enclave_program = Script("exec sleep 1000"), .timeout_ms = 100}, clock_);
  EXPECT_EQ(hangs.Check("q").error().code, Code::kDeadlineExceeded);
  LocalQueryChecker fails({.enclave_program = Script("exit 3")}, clock_);
  EXPECT_EQ(fails.Check("q").error().code, Code::kInvalidArgument);
  LocalQueryChecker talks({.enclave_program = Script("exec yes")}, clock_);
  EXPECT_EQ(talks.Check("q").error().code, Code::kResourceExhausted);
  LocalQueryChecker absent({.enclave_program = folder_ / "absent"}, clock_);
  EXPECT_EQ(absent.Check("q").error().code, Code::kInvalidArgument);
}

// What every store of blobs does.
void ExpectBlobManners(sealing::BlobStore& blobs) {
  EXPECT_EQ(blobs.WriteDraft("one", 3, AsBytes("def")).error().code, Code::kNotFound);
  ASSERT_TRUE(blobs.WriteDraft("one", 0, AsBytes("abc")).has_value());
  ASSERT_TRUE(blobs.WriteDraft("one", 3, AsBytes("def")).has_value());
  EXPECT_EQ(blobs.Read("one", 0, 6).error().code, Code::kNotFound);
  EXPECT_EQ(AsText(*blobs.ReadDraft("one", 2, 2)), "cd");
  EXPECT_EQ(blobs.Publish("one", 5).error().code, Code::kFailedPrecondition);
  ASSERT_TRUE(blobs.Publish("one", 6).has_value());
  EXPECT_EQ(AsText(*blobs.Read("one", 4, 100)), "ef");
  EXPECT_EQ(blobs.Read("one", 6, 1)->size(), 0u);
  EXPECT_EQ(blobs.Publish("one", 6).error().code, Code::kNotFound);
  EXPECT_TRUE(blobs.Settle("one", 6));
  EXPECT_EQ(blobs.Settle("one", 5).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(blobs.Settle("none", 6).error().code, Code::kNotFound);
  ASSERT_TRUE(blobs.WriteDraft("two", 0, AsBytes("x")).has_value());
  ASSERT_TRUE(blobs.DiscardDraft("two").has_value());
  EXPECT_TRUE(blobs.DiscardDraft("two").has_value());
  EXPECT_EQ(blobs.WriteDraft("two", 1, AsBytes("y")).error().code, Code::kNotFound);
  EXPECT_FALSE(blobs.ReadDraft("two", 0, 1)) << "it does not come back";
}

// A part that came beside the whole becomes one of it.
void ExpectDraftsToMove(sealing::BlobStore& blobs) {
  ASSERT_TRUE(blobs.WriteDraft("three", 0, AsBytes("abcdef")).has_value());
  ASSERT_TRUE(blobs.WriteDraft("three_a", 0, AsBytes("XY")).has_value());
  ASSERT_TRUE(blobs.MoveDraft({.from = "three_a", .into = "three", .offset = 2}).has_value());
  EXPECT_EQ(AsText(*blobs.ReadDraft("three", 0, 10)), "abXYef");
  EXPECT_EQ(blobs.ReadDraft("three_a", 0, 1).error().code, Code::kNotFound);
  EXPECT_EQ(blobs.MoveDraft({.from = "three_a", .into = "three", .offset = 2}).error().code, Code::kNotFound);
  ASSERT_TRUE(blobs.WriteDraft("four", 0, AsBytes("four")).has_value());
  ASSERT_TRUE(blobs.MoveDraft({.from = "four", .into = "five", .offset = 4}).has_value());
  EXPECT_EQ(AsText(*blobs.ReadDraft("five", 4, 4)), "four");
  ASSERT_TRUE(blobs.WriteDraft("three_b", 0, AsBytes("x")).has_value());
  ASSERT_TRUE(blobs.DiscardDrafts("three").has_value());
  EXPECT_TRUE(blobs.DiscardDrafts("three").has_value());
  for (const char* gone : {"three", "three_b"}) EXPECT_FALSE(blobs.ReadDraft(gone, 0, 1)) << gone;
  EXPECT_TRUE(blobs.ReadDraft("five", 0, 1)) << "of another name";
  EXPECT_EQ(AsText(*blobs.Read("one", 0, 6)), "abcdef") << "no draft";
}

TEST_F(LocalTest, PublishesABlobWholeOrNotAtAll) {
  auto blobs = *LocalBlobStore::Open(folder_ / "blobs");
  ExpectBlobManners(*blobs);
  ExpectDraftsToMove(*blobs);
  for (const char* bad : {"", "../one", "a/b", "A", "one.draft"}) {
    EXPECT_EQ(blobs->Read(bad, 0, 1).error().code, Code::kInvalidArgument) << bad;
  }
}

// While it lives there is one descriptor more for this process, and no second one.
class OneDescriptor {
 public:
  OneDescriptor() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = open("/dev/null", O_RDONLY);
    close(next);
    const rlimit tight{static_cast<rlim_t>(next) + 1, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
  }
  ~OneDescriptor() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// The second would be the folder's: what cannot be made durable does not appear, and does not count where it is.
TEST_F(LocalTest, ABlobIsThereOnlyWhereItsFolderKeepsIt) {
  auto blobs = *LocalBlobStore::Open(folder_ / "blobs");
  ASSERT_TRUE(blobs->WriteDraft("one", 0, AsBytes("abc")));
  {
    const OneDescriptor one;
    EXPECT_EQ(blobs->Publish("one", 3).error().code, Code::kUnavailable);
  }
  EXPECT_FALSE(blobs->Read("one", 0, 1));
  ASSERT_TRUE(blobs->Publish("one", 3));
  {
    const OneDescriptor one;
    EXPECT_EQ(blobs->Settle("one", 3).error().code, Code::kUnavailable);
  }
  EXPECT_TRUE(blobs->Settle("one", 3));
}

TEST(InMemoryBlobStore, DoesTheSame) {
  sealing::InMemoryBlobStore blobs;
  ExpectBlobManners(blobs);
  ExpectDraftsToMove(blobs);
}

}  // namespace
}  // namespace cloister::cloud
