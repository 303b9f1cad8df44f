// Sessions, logins on their way and who is who, by a clock that the tests hold.
#include "control/store/session_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "control/store/store.h"
#include "crypto/digest.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;
using Use = SessionStore::Use;

class SessionStoreTest : public testing::Test {
 protected:
  SessionStoreTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "cloister_sessions_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    store_ = *Store::Open(folder_ / "cloister.db");
    ana_ = Add("ana@a.example");
  }
  ~SessionStoreTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  UserRecord Fresh(const std::string& email) {
    return {.id = UserId::New(clock_, rng_),
            .email = email,
            .name = "Ana",
            .organisation = "a.example",
            .created_at = clock_.Now(),
            .origin = UserOrigin::kIssuer};
  }
  UserId Add(const std::string& email) {
    const UserRecord user = Fresh(email);
    EXPECT_TRUE(store_->users.AddUser(user).has_value());
    return user.id;
  }
  // A session of Ana's whose cookie is `value`.
  void Begin(std::string_view value) {
    const Instant now = clock_.Now();
    EXPECT_TRUE(store_->sessions
                    .Add({.id = SessionId::New(clock_, rng_),
                          .hash = crypto::Sha256(AsBytes(value)),
                          .user = *ana_,
                          .created_at = now,
                          .last_used_at = now,
                          .expires_at = {now.unix_ms + kSessionMs}},
                         std::nullopt)
                    .has_value());
  }
  bool GoesOn(std::string_view value, Use use = Use::kNoted) {
    return store_->sessions.Find(crypto::Sha256(AsBytes(value)), clock_.Now(), use)->has_value();
  }
  LoginAttempt Attempt(const std::string& state) {
    return {.state = crypto::Sha256(AsBytes(state)),
            .browser = crypto::Sha256(AsBytes(std::string_view("browser"))),
            .nonce = "n",
            .verifier = "v",
            .return_to = "/",
            .created_at = clock_.Now()};
  }
  bool Take(const std::string& state) {
    const LoginAttempt attempt = Attempt(state);
    return store_->logins.Take({.state = attempt.state, .browser = attempt.browser}, clock_.Now())->has_value();
  }

  FakeClock clock_;
  InsecureRngForTest rng_{1};
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
  std::optional<UserId> ana_;
};

TEST_F(SessionStoreTest, EndsTwelveHoursAfterItsLastUse) {
  Begin("cookie");
  clock_.Advance(11 * kHourMs);
  EXPECT_TRUE(GoesOn("cookie"));
  clock_.Advance(11 * kHourMs);
  EXPECT_TRUE(GoesOn("cookie"));
  clock_.Advance(12 * kHourMs);
  EXPECT_FALSE(GoesOn("cookie"));
  EXPECT_TRUE(store_->sessions.Of(*ana_, clock_.Now())->empty());
}

TEST_F(SessionStoreTest, EndsAfterSevenDaysWhateverItsUse) {
  Begin("cookie");
  for (int hours = 0; hours < 7 * 24 - 6; hours += 6) {
    clock_.Advance(6 * kHourMs);
    EXPECT_TRUE(GoesOn("cookie")) << hours;
  }
  clock_.Advance(6 * kHourMs);
  EXPECT_FALSE(GoesOn("cookie"));
}

// A tab that only listens is nobody who is there.
TEST_F(SessionStoreTest, LookingAtItIsNoUse) {
  Begin("cookie");
  for (int hours = 1; hours < 12; ++hours) {
    clock_.Advance(kHourMs);
    EXPECT_TRUE(GoesOn("cookie", Use::kLookedAt));
  }
  clock_.Advance(kHourMs);
  EXPECT_FALSE(GoesOn("cookie", Use::kLookedAt));
}

TEST_F(SessionStoreTest, TheLeastUsedEndsWhereThereAreTooMany) {
  for (std::size_t i = 0; i < kSessionsMax; ++i) {
    Begin("cookie " + std::to_string(i));
    clock_.Advance(60'000);
  }
  EXPECT_TRUE(GoesOn("cookie 0"));  // used last
  clock_.Advance(60'000);
  Begin("one more");
  EXPECT_TRUE(GoesOn("cookie 0"));
  EXPECT_FALSE(GoesOn("cookie 1"));
  EXPECT_TRUE(GoesOn("cookie 2"));
  EXPECT_EQ(store_->sessions.Of(*ana_, clock_.Now())->size(), kSessionsMax);
}

// A request that was on its way when somebody was disabled makes nothing that outlives it.
TEST_F(SessionStoreTest, WhatWasMadeForADisabledUserEndsToo) {
  EXPECT_EQ(store_->users.Disable(*ana_, clock_.Now()).error().code, Code::kFailedPrecondition);  // the last one
  ana_ = Add("ben@b.example");
  EXPECT_TRUE(*store_->users.Disable(*ana_, clock_.Now()));
  Begin("late");
  EXPECT_FALSE(GoesOn("late"));
  EXPECT_TRUE(*store_->users.Enable(*ana_, clock_.Now()));
  EXPECT_FALSE(GoesOn("late"));
  Begin("new");
  EXPECT_TRUE(GoesOn("new"));
}

TEST_F(SessionStoreTest, ALoginIsFinishedOnceAndWithinTenMinutes) {
  ASSERT_TRUE(store_->logins.Begin(Attempt("a")).has_value());
  ASSERT_TRUE(store_->logins.Begin(Attempt("b")).has_value());
  LoginStore::Answer stranger{.state = Attempt("a").state, .browser = {}};
  EXPECT_FALSE(store_->logins.Take(stranger, clock_.Now())->has_value());
  EXPECT_TRUE(Take("a"));
  EXPECT_FALSE(Take("a"));
  clock_.Advance(kAttemptMs);
  EXPECT_FALSE(Take("b"));
}

TEST_F(SessionStoreTest, TheOldestLoginIsForgottenAtTheBound) {
  for (std::int64_t i = 0; i <= kAttemptsMax; ++i) {
    ASSERT_TRUE(store_->logins.Begin(Attempt(std::to_string(i))).has_value());
  }
  EXPECT_FALSE(Take("0"));
  EXPECT_TRUE(Take("1"));
  EXPECT_TRUE(Take(std::to_string(kAttemptsMax)));
}

TEST(FirstUser, IsOneHoweverManyComeAtOnce) {
  std::string pattern = std::filesystem::temp_directory_path() / "cloister_first_XXXXXX";
  const std::filesystem::path folder = mkdtemp(pattern.data());
  auto store = *Store::Open(folder / "cloister.db");
  const SystemClock clock;
  SystemRng rng;
  std::vector<std::thread> people;
  for (int i = 0; i < 16; ++i) {
    people.emplace_back([&, name = std::to_string(i)] {
      const UserRecord fresh{.id = UserId::New(clock, rng),
                             .email = name + "@a.example",
                             .name = name,
                             .organisation = "a.example",
                             .created_at = clock.Now(),
                             .origin = UserOrigin::kIssuer};
      EXPECT_TRUE(store->logins.Recognise({.issuer = "i", .subject = name, .authoritative = true}, fresh).has_value());
    });
  }
  for (std::thread& each : people) each.join();
  const auto users = *store->users.AllUsers();
  EXPECT_EQ(users.size(), 16u);
  EXPECT_EQ(std::ranges::count(users, true, &UserRecord::administrator), 1);
  store.reset();
  std::filesystem::remove_all(folder);
}

TEST_F(SessionStoreTest, WhoIsFirstIsDecidedInOneStep) {
  const auto recognise = [&](const std::string& subject, const std::string& email) {
    return store_->logins.Recognise({.issuer = "i", .subject = subject, .authoritative = true}, Fresh(email));
  };
  EXPECT_FALSE(recognise("1", "first@b.example")->administrator);  // Ana is there
  EXPECT_EQ(recognise("1", "renamed@b.example")->email, "first@b.example");
  EXPECT_EQ(recognise("2", "first@b.example").error().code, Code::kPermissionDenied);
  EXPECT_EQ(recognise("3", "ana@a.example")->id, *ana_);
  EXPECT_TRUE(recognise("3", "ana@a.example")->administrator);
  // At another issuer he is another subject, whom that one answers for.
  EXPECT_EQ(
      store_->logins.Recognise({.issuer = "j", .subject = "1", .authoritative = true}, Fresh("first@b.example"))->email,
      "first@b.example");
  EXPECT_EQ(store_->logins.Recognise({.issuer = "i", .subject = "4", .authoritative = false}, Fresh("c@c.example"))
                .error()
                .code,
            Code::kPermissionDenied);
}

}  // namespace
}  // namespace cloister::control
