#include "sealing/memory_blob_store.h"

#include <gtest/gtest.h>

#include "sealing/blob_store_conformance_for_test.h"

namespace cloister::sealing {
namespace {

class MemoryStoreForTest {
 public:
  BlobStore& store() { return store_; }

 private:
  MemoryBlobStore store_;
};
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, BlobStoreConformance, MemoryStoreForTest);

TEST(BlobName, KnowsNoWayOut) {
  EXPECT_TRUE(BlobName::Parse("datasets/ds_01jd/object.age"));
  for (const std::string_view text : {"", "/", "a/", "/a", "a//b", ".", "..", "a/../b", ".hidden", "a/.tmp", "A", "a b",
                                      "a\\b", "a:b", "1/2/3/4/5/6/7/8/9", "caf\xc3\xa9"}) {
    EXPECT_FALSE(BlobName::Parse(text)) << text;
  }
  EXPECT_FALSE(BlobName::Parse(std::string_view("a\0b", 3)));
  EXPECT_TRUE(BlobName::Parse(std::string(64, 'a')));
  EXPECT_FALSE(BlobName::Parse(std::string(65, 'a')));
}

TEST(MemoryBlobStore, IsFullAtItsBound) {
  MemoryBlobStore store(10);
  EXPECT_TRUE(PutBlob(store, "a", Bytes(6)));
  EXPECT_EQ(PutBlob(store, "b", Bytes(5)).error().code, Code::kResourceExhausted);
  EXPECT_TRUE(PutBlob(store, "b", Bytes(4)));
  EXPECT_TRUE(PutBlob(store, "a", Bytes(6))) << "what is replaced makes room";
  EXPECT_TRUE(store.Delete(Name("b")));
  EXPECT_TRUE(PutBlob(store, "c", Bytes(4)));
}

}  // namespace
}  // namespace cloister::sealing
