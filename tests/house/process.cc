#include "tests/house/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace commplan::house {
namespace {

using Clock = std::chrono::steady_clock;

// What posix_spawn wants, freed on every way out.
class SpawnSettings {
 public:
  SpawnSettings(const Command& command, int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions_, command.folder.c_str());
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes_, 0);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// Returns the process id, or -1 with the reason in `outcome`.
pid_t Start(const Command& command, int output, Outcome& outcome) {
  const SpawnSettings settings(command, output);
  std::array<std::string, 3> words = {"sh", "-c", command.line};
  const std::array<char*, 4> arguments = {words[0].data(), words[1].data(), words[2].data(),
                                          nullptr};
  std::vector<std::string> variables = command.environment;
  std::vector<char*> environment;
  environment.reserve(variables.size() + 1);
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  pid_t child = -1;
  const int error = posix_spawn(&child, "/bin/sh", settings.actions(), settings.attributes(),
                                arguments.data(), environment.data());
  if (error == 0) return child;
  outcome.output = "the command was not started: " + std::string(std::strerror(error)) + "\n";
  outcome.status = -1;
  return -1;
}

// Reads until every writer is gone; false when the deadline passed first.
bool ReadUntil(int input, Clock::time_point deadline, std::string& output) {
  std::array<char, 4096> buffer{};
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting = {input, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    const ssize_t got = read(input, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    output.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Outcome RunCommand(const Command& command) {
  Outcome outcome;
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    outcome.output = "no pipe for the command: " + std::string(std::strerror(errno)) + "\n";
    outcome.status = -1;
    return outcome;
  }
  const pid_t child = Start(command, ends[1], outcome);
  close(ends[1]);
  if (child > 0) {
    outcome.timed_out = !ReadUntil(ends[0], Clock::now() + command.limit, outcome.output);
    if (outcome.timed_out) kill(-child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    outcome.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  close(ends[0]);
  return outcome;
}

}  // namespace commplan::house
