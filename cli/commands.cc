#include "cli/commands.h"

#include "cli/accuracy.h"
#include "cli/bill.h"
#include "cli/breakeven.h"
#include "cli/calibrate.h"
#include "cli/codecs.h"
#include "cli/explain.h"
#include "cli/fit.h"
#include "cli/model.h"
#include "cli/plan.h"
#include "cli/price.h"
#include "cli/profile.h"
#include "cli/sweep.h"
#include "cli/timeline.h"
#include "cli/whatif.h"

namespace commplan::cli {

void AddCommands(CLI::App& app, Action* chosen, const Runner& run) {
  AddPrice(app, chosen);
  AddBill(app, chosen);
  AddPlan(app, chosen);
  AddTimeline(app, chosen);
  AddExplain(app, chosen);
  AddProfile(app, chosen);
  AddModel(app, chosen);
  AddCalibrate(app, chosen);
  AddFit(app, chosen);
  AddAccuracy(app, chosen);
  AddCodecs(app, chosen);
  AddBreakeven(app, chosen);
  AddSweep(app, chosen, run);
  AddWhatif(app, chosen, run);
}

}  // namespace commplan::cli
