#pragma once

// What every BlobStore promises, as tests that each adapter instantiates over a fresh store of its own:
//
//   INSTANTIATE_TYPED_TEST_SUITE_P(Memory, BlobStoreConformance, MemoryStoreForTest);
//
// where the parameter has `BlobStore& store()` and a default constructor.

#include <gtest/gtest.h>

#include "sealing/blob_store.h"
#include "sealing/sealing_for_test.h"

namespace cloister::sealing {

inline BlobName Name(std::string_view text) { return std::move(BlobName::Parse(text)).value(); }

inline Status PutBlob(BlobStore& store, std::string_view name, ByteView bytes) {
  CLOISTER_ASSIGN(const auto writer, store.Create(Name(name), bytes.size()));
  CLOISTER_TRY(writer->Write(bytes));
  return writer->Commit();
}

inline Result<std::string> GetBlob(BlobStore& store, std::string_view name, const BlobRange& range = {}) {
  CLOISTER_ASSIGN(const auto source, store.Open(Name(name), range));
  std::string text;
  Bytes buffer(1000);
  while (true) {
    CLOISTER_ASSIGN(const std::size_t count, source->Read(buffer));
    if (count == 0) return text;
    text += AsText(ByteView(buffer).first(count));
  }
}

template <typename Owner>
class BlobStoreConformance : public ::testing::Test {
 protected:
  BlobStore& store() { return owner_.store(); }
  Owner owner_;
};
TYPED_TEST_SUITE_P(BlobStoreConformance);

TYPED_TEST_P(BlobStoreConformance, GivesBackWhatWasCommitted) {
  ASSERT_TRUE(PutBlob(this->store(), "datasets/ds_1/object", AsBytes("sealed bytes")));
  EXPECT_EQ(GetBlob(this->store(), "datasets/ds_1/object").value(), "sealed bytes");
  EXPECT_EQ(this->store().Size(Name("datasets/ds_1/object")).value(), 12u);
  ASSERT_TRUE(PutBlob(this->store(), "datasets/empty", {}));
  EXPECT_EQ(GetBlob(this->store(), "datasets/empty").value(), "");
}

TYPED_TEST_P(BlobStoreConformance, ReadsRanges) {
  ASSERT_TRUE(PutBlob(this->store(), "b", AsBytes("0123456789")));
  const auto get = [&](std::uint64_t offset, std::uint64_t length) {
    return GetBlob(this->store(), "b", {.offset_bytes = offset, .length_bytes = length});
  };
  EXPECT_EQ(get(0, 3).value(), "012");
  EXPECT_EQ(get(7, 2).value(), "78");
  EXPECT_EQ(get(7, 100).value(), "789");
  EXPECT_EQ(get(10, 1).value(), "");
  EXPECT_EQ(get(3, 0).value(), "");
  EXPECT_EQ(get(11, 1).error().code, Code::kInvalidArgument);
}

TYPED_TEST_P(BlobStoreConformance, ShowsNothingBeforeCommitAndKeepsNothingWithout) {
  {
    const auto writer = this->store().Create(Name("b"), 100).value();
    ASSERT_TRUE(writer->Write(AsBytes("half")));
    EXPECT_EQ(this->store().Size(Name("b")).error().code, Code::kNotFound);
  }
  EXPECT_EQ(this->store().Size(Name("b")).error().code, Code::kNotFound);
}

TYPED_TEST_P(BlobStoreConformance, ReplacesInOneStepAndLeavesReadersAlone) {
  ASSERT_TRUE(PutBlob(this->store(), "b", AsBytes("old")));
  const auto reading = this->store().Open(Name("b")).value();
  const auto writer = this->store().Create(Name("b"), 100).value();
  ASSERT_TRUE(writer->Write(AsBytes("newer")));
  EXPECT_EQ(GetBlob(this->store(), "b").value(), "old");
  ASSERT_TRUE(writer->Commit());
  EXPECT_EQ(GetBlob(this->store(), "b").value(), "newer");
  Bytes buffer(10);
  EXPECT_EQ(reading->Read(buffer).value(), 3u) << "the blob that was opened, whole";
}

TYPED_TEST_P(BlobStoreConformance, DeletesOnce) {
  ASSERT_TRUE(PutBlob(this->store(), "a/b", AsBytes("x")));
  EXPECT_TRUE(this->store().Delete(Name("a/b")));
  EXPECT_EQ(GetBlob(this->store(), "a/b").error().code, Code::kNotFound);
  EXPECT_EQ(this->store().Delete(Name("a/b")).error().code, Code::kNotFound);
  EXPECT_EQ(this->store().Delete(Name("a")).error().code, Code::kNotFound) << "a folder is no blob";
}

TYPED_TEST_P(BlobStoreConformance, StopsAtTheBoundOfABlob) {
  const auto writer = this->store().Create(Name("b"), 5).value();
  EXPECT_TRUE(writer->Write(AsBytes("12345")));
  const Status more = writer->Write(AsBytes("6"));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Code::kResourceExhausted);
}

TYPED_TEST_P(BlobStoreConformance, ComposesPartsInOrder) {
  const BlobName parts[] = {Name("up/00001"), Name("up/00002"), Name("up/00003")};
  ASSERT_TRUE(PutBlob(this->store(), "up/00003", AsBytes("three")));
  ASSERT_TRUE(PutBlob(this->store(), "up/00001", AsBytes("one ")));
  const Status missing = this->store().Compose(parts, Name("whole"), 100);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_NE(missing.error().public_message.find("up/00002"), std::string::npos);
  ASSERT_TRUE(PutBlob(this->store(), "up/00002", AsBytes("two ")));
  EXPECT_EQ(this->store().Compose(parts, Name("whole"), 12).error().code, Code::kResourceExhausted);
  EXPECT_EQ(this->store().Size(Name("whole")).error().code, Code::kNotFound);
  ASSERT_TRUE(this->store().Compose(parts, Name("whole"), 13));
  EXPECT_EQ(GetBlob(this->store(), "whole").value(), "one two three");
  EXPECT_EQ(GetBlob(this->store(), "up/00001").value(), "one ");
}

REGISTER_TYPED_TEST_SUITE_P(BlobStoreConformance, GivesBackWhatWasCommitted, ReadsRanges,
                            ShowsNothingBeforeCommitAndKeepsNothingWithout, ReplacesInOneStepAndLeavesReadersAlone,
                            DeletesOnce, StopsAtTheBoundOfABlob, ComposesPartsInOrder);

}  // namespace cloister::sealing
