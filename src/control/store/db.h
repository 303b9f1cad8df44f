#pragma once

// A thin, typed layer over one SQLite connection: prepared statements kept, values bound by type, everything
// inside a transaction. WAL and synchronous=FULL: what a transaction answered is on the disk.
//
//   db->Transact([&](Transaction& tx) -> Status {
//     CLOISTER_TRY(tx.Run("INSERT INTO users(id, email) VALUES (?, ?)", {id, email}));
//     return tx.Run("DELETE FROM invitations WHERE email = ?", {email});
//   });
//
// SQL texts are constants of the code; values are only ever bound. Thread-safe: one transaction at a time.
// Errors: kConflict (a unique value exists already), kUnavailable (locked, disk full), kDataLoss (the file is
// damaged). The schema's texts and values never appear in an error.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace cloister::control {

inline constexpr std::size_t kStatementsMax = 512;  // distinct SQL texts; more means that values were pasted into one

// A value to bind. Views must live until the call returns.
class SqlValue {
 public:
  SqlValue(std::nullptr_t) : value_(nullptr) {}
  SqlValue(std::int64_t number) : value_(number) {}
  SqlValue(int number) : value_(static_cast<std::int64_t>(number)) {}
  SqlValue(std::uint64_t number) : value_(static_cast<std::int64_t>(number)) {}
  SqlValue(std::string_view text) : value_(text) {}
  SqlValue(const std::string& text) : value_(std::string_view(text)) {}
  SqlValue(const char* text) : value_(std::string_view(text)) {}
  SqlValue(ByteView bytes) : value_(bytes) {}
  SqlValue(const Bytes& bytes) : value_(ByteView(bytes)) {}
  SqlValue(const Digest256& digest) : value_(ByteView(digest)) {}
  template <typename T>
  SqlValue(const std::optional<T>& maybe) : SqlValue(maybe ? SqlValue(*maybe) : SqlValue(nullptr)) {}

  const auto& variant() const { return value_; }

 private:
  std::variant<std::nullptr_t, std::int64_t, std::string_view, ByteView> value_;
};
using SqlValues = std::vector<SqlValue>;

// One row of a running SELECT, valid inside the callback. A column of another type than asked for is a broken
// invariant: tables are STRICT, so it would be our own mistake.
class SqlRow {
 public:
  explicit SqlRow(sqlite3_stmt* statement) : statement_(statement) {}
  std::string Text(int column) const;
  std::int64_t Integer(int column) const;
  Bytes Blob(int column) const;
  Digest256 Digest(int column) const;
  std::optional<std::string> OptionalText(int column) const;
  std::optional<Bytes> OptionalBlob(int column) const;
  bool IsNull(int column) const;

 private:
  sqlite3_stmt* statement_;
};

class Db;

class Transaction {
 public:
  // A statement without rows; answers how many rows it changed.
  Result<std::int64_t> Change(std::string_view sql, const SqlValues& values);
  Status Run(std::string_view sql, const SqlValues& values = {});
  // Each row in turn; an Error of the callback ends it.
  Status Each(std::string_view sql, const SqlValues& values, const std::function<Status(const SqlRow&)>& row);
  // The first row read by `read`, or absent.
  template <typename Read>
  auto First(std::string_view sql, const SqlValues& values, Read read)
      -> Result<std::optional<std::invoke_result_t<Read, const SqlRow&>>> {
    std::optional<std::invoke_result_t<Read, const SqlRow&>> found;
    CLOISTER_TRY(Each(sql, values, [&](const SqlRow& row) -> Status {
      if (!found) found.emplace(read(row));
      return {};
    }));
    return found;
  }
  // All rows read by `read`.
  template <typename Read>
  auto All(std::string_view sql, const SqlValues& values, Read read)
      -> Result<std::vector<std::invoke_result_t<Read, const SqlRow&>>> {
    std::vector<std::invoke_result_t<Read, const SqlRow&>> rows;
    CLOISTER_TRY(Each(sql, values, [&](const SqlRow& row) -> Status {
      rows.push_back(read(row));
      return {};
    }));
    return rows;
  }

 private:
  friend class Db;
  explicit Transaction(Db& db) : db_(db) {}
  Db& db_;
};

class Db {
 public:
  // Opens or makes the file, readable for its owner alone. Does not apply migrations.
  static Result<std::unique_ptr<Db>> Open(const std::string& path);
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  // Commits when `work` answers a value, rolls back when it answers an Error. Not to be nested.
  template <typename Work>
  std::invoke_result_t<Work, Transaction&> Transact(Work work) CLOISTER_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    CLOISTER_TRY(Execute("BEGIN IMMEDIATE"));
    Transaction transaction(*this);
    auto result = work(transaction);
    if (!result) {
      (void)Execute("ROLLBACK");
      return result;
    }
    if (Status committed = Execute("COMMIT"); !committed) {
      (void)Execute("ROLLBACK");
      return std::move(committed).error();
    }
    return result;
  }

 private:
  friend class Transaction;
  explicit Db(sqlite3* connection) : connection_(connection) {}
  // For clang's analysis: a Transaction lives inside Transact() alone, which holds the lock.
  void AssertHeld() const CLOISTER_ATTRIBUTE_(assert_capability(mutex_)) {}
  Status Execute(const char* sql) CLOISTER_REQUIRES(mutex_);
  Result<sqlite3_stmt*> Prepare(std::string_view sql) CLOISTER_REQUIRES(mutex_);
  Error LastError() const;

  Mutex mutex_;
  sqlite3* connection_;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_ CLOISTER_GUARDED_BY(mutex_);
};

}  // namespace cloister::control
