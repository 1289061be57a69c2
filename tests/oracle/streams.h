// The oracle's stopwatch for jobs on streams: an event simulation over whole ticks, and who is to
// blame for every tick in which a compute stream stood still.
#pragma once

#include <cstdint>
#include <vector>

namespace commplan::oracle {

// Parts of a device are told in quarters, so that every speed is a whole number of quarters.
struct Job {
  int stream = 0;
  std::int64_t work = 0;        // ticks when nothing slows it
  std::vector<int> after = {};  // earlier jobs, by place in the list; the order settles ties
  int sm_quarters = 0;          // needed by a compute job, taken by any other
  int memory_quarters = 0;
  int beside_compute_quarters = 4;  // speed of a communication while compute runs on its device
};

enum class Lane { kCompute, kCommunicator, kCopy };

struct StreamSpec {
  Lane lane = Lane::kCompute;
  int device = 0;
};

struct JobTimes {
  std::int64_t start = 0;
  std::int64_t end = 0;
};

// Streams take their jobs in list order. A job starts when the one before it on its stream and all
// in `after` have ended.
std::vector<JobTimes> PlayJobs(const std::vector<StreamSpec>& streams,
                               const std::vector<Job>& jobs);

// Per job, the ticks that compute streams stood still for it, up to the end of the last job. At a
// tick at which a stream stands still, its next job (after the last one: the end of the play)
// blames what it waited for last; who does not run at that tick passes the blame on likewise.
std::vector<std::int64_t> Blame(const std::vector<StreamSpec>& streams,
                                const std::vector<Job>& jobs, const std::vector<JobTimes>& times);

}  // namespace commplan::oracle
