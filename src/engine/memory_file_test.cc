#include "engine/memory_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

namespace cloister::engine {
namespace {

TEST(MemoryFile, IsReadByItsPath) {
  MemoryFile file;
  ASSERT_TRUE(file.Create().has_value());
  ASSERT_TRUE(file.Append(AsBytes("ab")).has_value());
  ASSERT_TRUE(file.Append(AsBytes("c")).has_value());
  EXPECT_EQ(file.size(), 3);
  const int opened = open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
  std::array<char, 8> buffer{};
  EXPECT_EQ(read(opened, buffer.data(), buffer.size()), 3);
  EXPECT_STREQ(buffer.data(), "abc");
  close(opened);
}

TEST(MemoryFile, BeginsAnewAfterClear) {
  MemoryFile file;
  ASSERT_TRUE(file.Create().has_value());
  const std::string path = file.path();
  for (const std::size_t size : {std::size_t{1000}, std::size_t{40} << 20}) {
    ASSERT_TRUE(file.Append(Bytes(size, 'x')).has_value());
    file.Clear();
    EXPECT_EQ(file.size(), 0);
    ASSERT_TRUE(file.Append(AsBytes("new")).has_value());  // waits until the old pages are gone
    struct stat status {};
    ASSERT_EQ(fstat(file.descriptor(), &status), 0);
    EXPECT_EQ(status.st_size, 3);
    EXPECT_LE(status.st_blocks, 8);
    file.Clear();
  }
  EXPECT_EQ(file.path(), path);
}

}  // namespace
}  // namespace cloister::engine
