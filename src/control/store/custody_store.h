#pragma once

// What a participant would keep on his own disk, for those whose keys the server keeps: each link before it
// is sent, so that a crash repeats the same bytes, and the last ledger state that was verified for him.
// Thread-safe.

#include <optional>
#include <string>
#include <string_view>

#include "agreement/link.h"
#include "base/id.h"
#include "base/result.h"
#include "control/store/db.h"

namespace cloister::control {

struct CustodyLink {
  std::uint64_t seq = 0;
  Digest256 digest{};
  std::string document;
  std::string note = {};  // of the request that it was made for; empty: of none that could come again
};

class CustodyStore {
 public:
  explicit CustodyStore(Db& db) : db_(db) {}

  // kConflict when the number is used. `given_up`, whose contrary this one says, makes room for it, and is known from
  // then on by its request.
  Status AddLink(const EnvironmentId& id, std::string_view thumbprint, const CustodyLink& link,
                 const std::optional<CustodyLink>& given_up = {});
  // The enclave said that it will not record it, and its number is free again.
  Status RemoveLink(const EnvironmentId& id, std::string_view thumbprint, std::uint64_t seq);
  // The digest of the link of this request that was given up; absent when none was.
  Result<std::optional<Digest256>> FindGivenUp(const EnvironmentId& id, std::string_view thumbprint,
                                               std::string_view note);
  // The one that was made for this request; absent when there is none.
  Result<std::optional<CustodyLink>> FindLink(const EnvironmentId& id, std::string_view thumbprint,
                                              std::string_view note);
  // His last one; absent before the first.
  Result<std::optional<CustodyLink>> LastLink(const EnvironmentId& id, std::string_view thumbprint);

  Status SetView(const EnvironmentId& id, std::string_view thumbprint, const agreement::LedgerPoint& point);
  Result<std::optional<agreement::LedgerPoint>> View(const EnvironmentId& id, std::string_view thumbprint);

 private:
  Db& db_;
};

}  // namespace cloister::control
