#include "calibrate/device/launcher.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

namespace commplan::device {
namespace {

constexpr int kUsualPort = 29500;  // torchrun's, so that one firewall rule serves both

struct Names {
  const char* by;
  const char* rank;
  const char* ranks;
  const char* local_rank;
  const char* local_ranks;
};
// torchrun first: under srun it is the one that started this process.
constexpr std::array<Names, 3> kLaunchers = {{
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
     "OMPI_COMM_WORLD_LOCAL_SIZE"},
    // Of a step: a batch script has the other variables too, and is alone.
    {"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"},
}};

Result<int> Number(const Environment& get, const char* name) {
  const char* const text = get(name);
  if (text == nullptr) {
    return DeviceError(std::string("the launcher did not set ") + name,
                       "start with mpirun, srun or torchrun, or without any of them");
  }
  int number = 0;
  const char* const end = text + std::strlen(text);
  const auto [rest, fault] = std::from_chars(text, end, number);
  if (fault != std::errc() || rest != end || number < 0) {
    return DeviceError(std::string(name) + ": found '" + text + "', expected a count");
  }
  return number;
}

}  // namespace

Result<std::optional<Launched>> FindLauncher(const Environment& get) {
  for (const Names& names : kLaunchers) {
    if (get(names.rank) == nullptr || get(names.ranks) == nullptr) continue;
    Launched found;
    found.by = names.by;
    ASSIGN_OR_RETURN(found.rank, Number(get, names.rank));
    ASSIGN_OR_RETURN(found.ranks, Number(get, names.ranks));
    if (found.ranks < 2) return std::optional<Launched>();
    ASSIGN_OR_RETURN(found.local_rank, Number(get, names.local_rank));
    if (found.rank >= found.ranks) {
      return DeviceError(std::string(names.rank) + ": found rank " + std::to_string(found.rank) +
                         " of " + std::to_string(found.ranks));
    }
    const char* const local = get(names.local_ranks);
    const bool one_node = local != nullptr && std::to_string(found.ranks) == local;
    if (const char* const host = get("MASTER_ADDR"); host != nullptr) {
      found.host = host;
    } else if (one_node) {
      found.host = "127.0.0.1";
    } else {
      return DeviceError("nothing says where rank 0 is",
                         "set MASTER_ADDR to the address of its node for all processes");
    }
    found.port = kUsualPort + 1;
    if (get("MASTER_PORT") != nullptr) {
      ASSIGN_OR_RETURN(const int port, Number(get, "MASTER_PORT"));
      found.port = port + 1;
    }
    return std::optional<Launched>(std::move(found));
  }
  return std::optional<Launched>();
}

}  // namespace commplan::device
