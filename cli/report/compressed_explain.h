// The explanation of a compressed price: the scheme's formula, the numbers put in, and for each of
// them the paths of the profile that it was made of.
#pragma once

#include "cli/report/compressed_report.h"

namespace commplan::report {

// `answer` must be that of a scheme; a measured kernel has AddMeasuredExplanation.
void AddCompressedExplanation(const CompressedPriceInput& input, const CompressionAnswer& answer,
                              Document* document);

}  // namespace commplan::report
