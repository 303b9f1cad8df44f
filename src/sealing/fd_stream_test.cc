#include "sealing/fd_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace cloister::sealing {
namespace {

TEST(FdStream, GivesBackWhatWasWritten) {
  const int fd = memfd_create("test", MFD_CLOEXEC);
  FdSink sink(fd);
  ASSERT_TRUE(sink.Write(AsBytes("first ")));
  ASSERT_TRUE(sink.Write({}));
  ASSERT_TRUE(sink.Write(AsBytes("second")));
  lseek(fd, 0, SEEK_SET);
  FdSource source(fd);
  Bytes buffer(100);
  EXPECT_EQ(source.Read(buffer).value(), 12u);
  EXPECT_EQ(AsText(buffer).substr(0, 12), "first second");
  EXPECT_EQ(source.Read(buffer).value(), 0u);
  EXPECT_EQ(source.Read(buffer).value(), 0u) << "the end stays the end";
  close(fd);
}

TEST(FdStream, AFullDeviceIsAResource) {
  const int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (fd < 0) GTEST_SKIP() << "no /dev/full here";
  FdSink sink(fd);
  const Status full = sink.Write(AsBytes("x"));
  close(fd);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::kResourceExhausted);
}

TEST(FdStream, AClosedDescriptorIsAnError) {
  FdSource source(-1);
  Bytes buffer(1);
  EXPECT_EQ(source.Read(buffer).error().code, Code::kUnavailable);
  FdSink sink(-1);
  EXPECT_EQ(sink.Write(buffer).error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace cloister::sealing
