#include "control/workflow/fleet.h"

namespace cloister::control {

Fleet::~Fleet() { Stop(); }

Status Fleet::Restore() {
  // What a process before this one was at is over with it: the data folder is ours alone.
  CLOISTER_TRY(services_.store.queries.ReleaseLeases(services_.owner));
  CLOISTER_ASSIGN(const auto records, services_.store.environments.All());
  for (const EnvironmentRecord& record : records) {
    // Interrupted, and answered to nobody: whoever asks again makes it anew.
    if (record.lifecycle == Lifecycle::kCreating) {
      CLOISTER_TRY(services_.store.environments.Forget(record.id));
      continue;
    }
    auto session = EnvironmentSession::Open(services_, record);
    if (!session) {
      // One damaged environment does not keep the others from being served.
      services_.log.Write(LogLevel::kError, "control",
                          record.id.str() + " cannot be opened: " + session.error().public_message);
      continue;
    }
    if (const Status adopted = Adopt(*std::move(session)); !adopted) {
      services_.log.Write(LogLevel::kError, "control", record.id.str() + ": " + adopted.error().public_message);
    }
  }
  return {};
}

void Fleet::Begin() {
  MutexLock lock(mutex_);
  if (begun_ || stopped_) return;
  begun_ = true;
  for (auto& [id, member] : members_) member.runner->Start();
}

Status Fleet::Adopt(std::unique_ptr<EnvironmentSession> session) {
  MutexLock lock(mutex_);
  if (stopped_) return Unavailable("the server stops");
  if (members_.size() >= kEnvironmentsMax) return ResourceExhausted("this server has as many environments as it may");
  std::shared_ptr<EnvironmentSession> shared = std::move(session);
  auto runner = std::make_unique<JobRunner>(JobRunner::Parts{*shared, services_, rng_});
  if (begun_) runner->Start();
  members_.emplace(shared->id(), Member{shared, std::move(runner)});
  return {};
}

Result<std::shared_ptr<EnvironmentSession>> Fleet::Create(const EnvironmentRecord& record,
                                                          const std::vector<std::string>& invited_emails) {
  CLOISTER_TRY(services_.store.environments.Add(record, invited_emails));
  CLOISTER_ASSIGN(auto session, EnvironmentSession::Open(services_, record));
  const Status booted = session->Boot();
  if (!booted) session->Abandon(booted.error().public_message);
  CLOISTER_TRY(Adopt(std::move(session)));
  CLOISTER_TRY(booted);
  return Find(record.id);
}

Status Fleet::Forget(const EnvironmentId& id) {
  CLOISTER_TRY(services_.store.environments.Forget(id));
  std::map<EnvironmentId, Member>::node_type gone;
  {
    MutexLock lock(mutex_);
    gone = members_.extract(id);
  }
  if (gone.empty()) return {};
  gone.mapped().runner->RequestStop();
  gone.mapped().session->Shutdown();
  gone.mapped().runner->Stop();
  return {};
}

std::shared_ptr<EnvironmentSession> Fleet::Find(const EnvironmentId& id) const {
  MutexLock lock(mutex_);
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : found->second.session;
}

std::vector<std::shared_ptr<EnvironmentSession>> Fleet::All() const {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<EnvironmentSession>> sessions;
  for (const auto& [id, member] : members_) sessions.push_back(member.session);
  return sessions;
}

void Fleet::RequestStop() {
  MutexLock lock(mutex_);
  for (auto& [id, member] : members_) member.runner->RequestStop();
}

void Fleet::Stop() {
  std::map<EnvironmentId, Member> members;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    members.swap(members_);
  }
  for (auto& [id, member] : members) member.runner->RequestStop();
  for (auto& [id, member] : members) member.session->Shutdown();
  for (auto& [id, member] : members) member.runner->Stop();
}

}  // namespace cloister::control
