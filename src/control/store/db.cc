#include "control/store/db.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/check.h"

namespace cloister::control {
namespace {

constexpr int kBusyTimeoutMs = 5'000;

Status Bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
  const auto& variant = value.variant();
  int rc = SQLITE_OK;
  if (std::holds_alternative<std::nullptr_t>(variant)) {
    rc = sqlite3_bind_null(statement, index);
  } else if (const auto* number = std::get_if<std::int64_t>(&variant)) {
    rc = sqlite3_bind_int64(statement, index, *number);
  } else if (const auto* text = std::get_if<std::string_view>(&variant)) {
    rc = sqlite3_bind_text64(statement, index, text->data() == nullptr ? "" : text->data(), text->size(), SQLITE_STATIC,
                             SQLITE_UTF8);
  } else {
    const ByteView bytes = std::get<ByteView>(variant);
    rc = bytes.empty() ? sqlite3_bind_zeroblob(statement, index, 0)
                       : sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
  }
  if (rc != SQLITE_OK) return Internal("a value does not fit the database");
  return {};
}

}  // namespace

std::string SqlRow::Text(int column) const {
  CLOISTER_CHECK(sqlite3_column_type(statement_, column) == SQLITE_TEXT);
  return {reinterpret_cast<const char*>(sqlite3_column_text(statement_, column)),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t SqlRow::Integer(int column) const {
  CLOISTER_CHECK(sqlite3_column_type(statement_, column) == SQLITE_INTEGER);
  return sqlite3_column_int64(statement_, column);
}

Bytes SqlRow::Blob(int column) const {
  CLOISTER_CHECK(sqlite3_column_type(statement_, column) == SQLITE_BLOB);
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  return {data, data + sqlite3_column_bytes(statement_, column)};
}

Digest256 SqlRow::Digest(int column) const {
  const Bytes bytes = Blob(column);
  CLOISTER_CHECK(bytes.size() == Digest256{}.size());
  return ToArray<32>(bytes);
}

bool SqlRow::IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::optional<std::string> SqlRow::OptionalText(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Text(column);
}

std::optional<Bytes> SqlRow::OptionalBlob(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Blob(column);
}

Status Transaction::Each(std::string_view sql, const SqlValues& values,
                         const std::function<Status(const SqlRow&)>& row) {
  db_.AssertHeld();
  CLOISTER_ASSIGN(sqlite3_stmt* const statement, db_.Prepare(sql));
  struct Reset {
    sqlite3_stmt* statement;
    ~Reset() {
      sqlite3_reset(statement);
      sqlite3_clear_bindings(statement);
    }
  } const reset{statement};
  CLOISTER_CHECK(sqlite3_bind_parameter_count(statement) == static_cast<int>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) CLOISTER_TRY(Bind(statement, static_cast<int>(i) + 1, values[i]));
  for (;;) {
    const int rc = sqlite3_step(statement);
    if (rc == SQLITE_DONE) return {};
    if (rc != SQLITE_ROW) return db_.LastError();
    if (row) CLOISTER_TRY(row(SqlRow(statement)));
  }
}

Result<std::int64_t> Transaction::Change(std::string_view sql, const SqlValues& values) {
  CLOISTER_TRY(Each(sql, values, {}));
  return sqlite3_changes64(db_.connection_);
}

Status Transaction::Run(std::string_view sql, const SqlValues& values) { return Each(sql, values, {}); }

Result<std::unique_ptr<Db>> Db::Open(const std::string& path) {
  // The file is made here and not by SQLite, so that it is never readable for others; its WAL takes the same
  // mode.
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Unavailable("the database file cannot be opened");
  close(fd);
  sqlite3* connection = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  const int rc = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  std::unique_ptr<Db> db(new Db(connection));
  if (rc != SQLITE_OK) return db->LastError();
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  MutexLock lock(db->mutex_);
  CLOISTER_TRY(
      db->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                  "PRAGMA trusted_schema=OFF; PRAGMA secure_delete=ON"));
  return db;
}

Db::~Db() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(connection_);
}

Status Db::Execute(const char* sql) {
  if (sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return LastError();
  return {};
}

Result<sqlite3_stmt*> Db::Prepare(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
  CLOISTER_CHECK(statements_.size() < kStatementsMax);
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  if (sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                         &tail) != SQLITE_OK) {
    return LastError();
  }
  CLOISTER_CHECK(tail == sql.data() + sql.size());  // one statement at a time
  statements_.emplace(std::string(sql), statement);
  return statement;
}

Error Db::LastError() const {
  const int code = sqlite3_extended_errcode(connection_);
  const std::string detail = connection_ == nullptr ? "" : sqlite3_errmsg(connection_);
  if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) {
    return {Code::kConflict, "it exists already", detail};
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return {Code::kUnavailable, "the database cannot be used now", detail};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::kDataLoss, "the database is damaged", detail};
    default:
      return {Code::kInternal, "the database refused a statement", detail};
  }
}

}  // namespace cloister::control
