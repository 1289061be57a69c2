#include "cli/report/trace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "cli/report/json.h"
#include "model/base/quantity.h"
#include "model/step/machine.h"
#include "model/step/trace.h"

namespace commplan::report {
namespace {

// Two lanes of one process and one of another; thirds of a microsecond, which no decimal is.
Trace Small() {
  TraceBuilder builder;
  const int first = builder.Process("stage \"0\"");
  const int second = builder.Process("stage 1");
  const int compute = builder.Lane(first, "compute", LaneKind::kCompute);
  const int other = builder.Lane(second, "tp communicator", LaneKind::kCommunicator);
  const int host = builder.Lane(first, "host", LaneKind::kHost);
  const int gemm = builder.Item({"mlp up", {{"m", 64.0}, {"alone_us", 1.0 / 3}}});
  const int sum = builder.Item({"mlp down all-reduce", {{"engine", std::string("nccl")}}});
  const int bare = builder.Item({"scheduling", {}});
  Time now;
  for (int layer = 0; layer < 3; ++layer) {
    const Time end = now + Micros(1.0 / 3);
    builder.Add({.lane = compute, .item = gemm, .layer = layer, .start = now, .end = end});
    builder.Add({.lane = other,
                 .item = sum,
                 .layer = layer,
                 .microbatch = 7,
                 .start = end,
                 .end = end + Micros(1.0 / 3)});
    now = end + Micros(1.0 / 3);
  }
  builder.Add({.lane = host, .item = bare, .start = now, .end = now + Micros(10)});
  return std::move(builder).Finish(Micros(12));
}

const TraceTitle& Title() {
  static const TraceTitle kTitle{"llama", "hgx", "decode", {"a \"note\""}};
  return kTitle;
}

std::int64_t Picos(const Json& micros) { return std::llround(micros.get<double>() * 1e6); }

TEST(TraceJson, IsReadAsChromeTrace) {
  const std::string text = TraceJson(Small(), Title());
  EXPECT_EQ(text, TraceJson(Small(), Title()));
  const Json json = Json::parse(text, nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["schema"], "commplan/trace/1");
  EXPECT_EQ(json["displayTimeUnit"], "ns");
  EXPECT_EQ(json["otherData"]["model"], "llama");
  EXPECT_EQ(json["otherData"]["step_time_us"], 12);
  EXPECT_EQ(json["otherData"]["notes"][0], "a \"note\"");
  std::map<std::string, int> kinds;
  std::map<std::pair<int, int>, std::string> lanes;
  std::map<int, std::string> processes;
  for (const Json& event : json["traceEvents"]) {
    const std::string kind = event["ph"];
    ++kinds[kind];
    if (event["name"] == "thread_name") lanes[{event["pid"], event["tid"]}] = event["args"]["name"];
    if (event["name"] == "process_name") processes[event["pid"]] = event["args"]["name"];
  }
  EXPECT_EQ(kinds["X"], 7);
  EXPECT_EQ(kinds["M"], 2 * 2 + 2 * 3);
  EXPECT_EQ(processes[1], "stage \"0\"");
  EXPECT_EQ((lanes[{2, 2}]), "tp communicator");
}

// In whole picoseconds sums are exact: what follows at once in the trace does so in the file, and
// the last event ends with the step.
TEST(TraceJson, LosesNoTime) {
  const Json json = Json::parse(TraceJson(Small(), Title()), nullptr, false);
  std::map<int, std::int64_t> ends;
  std::int64_t latest = 0, drawn = 0;
  for (const Json& event : json["traceEvents"]) {
    if (event["ph"] != "X") continue;
    const std::int64_t start = Picos(event["ts"]), time = Picos(event["dur"]);
    EXPECT_GE(start, ends[event["tid"]]);
    ends[event["tid"]] = start + time;
    latest = std::max(latest, start + time);
    drawn += time;
  }
  EXPECT_EQ(latest, 12000000);
  EXPECT_EQ(drawn, latest);
}

TEST(TraceJson, GivesArgumentsAsTheyAre) {
  const Json json = Json::parse(TraceJson(Small(), Title()), nullptr, false);
  Json up, sum, host;
  for (const Json& event : json["traceEvents"]) {
    if (event["name"] == "mlp up, layer 2") up = event;
    if (event["name"] == "mlp down all-reduce, layer 0") sum = event;
    if (event["name"] == "scheduling") host = event;
  }
  EXPECT_EQ(up["args"], (Json{{"m", 64}, {"alone_us", 1.0 / 3}, {"layer", 2}}));
  EXPECT_EQ(sum["args"], (Json{{"engine", "nccl"}, {"layer", 0}, {"microbatch", 7}}));
  EXPECT_EQ(host["args"], Json::object());
  EXPECT_EQ(up["cat"], "compute");
  EXPECT_EQ(sum["cat"], "communication");
  EXPECT_EQ(host["cat"], "host");
}

TEST(TraceJson, HoldsNoStepOfCenturies) {
  TraceBuilder builder;
  const int lane = builder.Lane(builder.Process("rank"), "compute", LaneKind::kCompute);
  builder.Add(
      {.lane = lane, .item = builder.Item({"mlp", {}}), .start = Time(), .end = Seconds(1e9)});
  EXPECT_EQ(TraceJson(std::move(builder).Finish(Seconds(1e9)), Title()), "");
}

TEST(TimelineDocument, SumsUpLanesAndNames) {
  const Document document = TimelineDocument(Machine(), Small(), {Title(), "t.json"}, false);
  const Json& json = document.json;
  EXPECT_EQ(json["schema"], "commplan/timeline/1");
  EXPECT_EQ(json["step_time_us"], 12);
  EXPECT_EQ(json["events"], 7);
  EXPECT_EQ(json["file"], "t.json");
  ASSERT_EQ(json["lanes"].size(), 3U);
  // Lanes of a process stand together.
  EXPECT_EQ(json["lanes"][1]["lane"], "host");
  EXPECT_EQ(json["lanes"][2]["events"], 3);
  EXPECT_NEAR(json["lanes"][2]["busy_us"].get<double>(), 1, 1e-9);
  EXPECT_EQ(json["longest"][0]["name"], "scheduling");
  EXPECT_EQ(json["longest"][1]["events"], 3);
  EXPECT_NEAR(json["longest"][1]["longest_us"].get<double>(), 1.0 / 3, 1e-9);
  // 60 columns of 0.2 us: the first third of a microsecond fills one and two thirds of the next,
  // which is less than three quarters; the host works from column 10 on.
  const std::string text = RenderText(document, false);
  EXPECT_NE(text.find("[#- "), std::string::npos) << text;
  EXPECT_NE(text.find("[          " + std::string(50, '#') + "]"), std::string::npos) << text;
  EXPECT_NE(text.find("The trace is in t.json"), std::string::npos);
  EXPECT_NE(RenderCsv(document).find("stage 1,tp communicator,communication,3,"),
            std::string::npos);
}

}  // namespace
}  // namespace commplan::report
