# Turns text files into shipped_files.cc: one string literal for each line, so that no literal grows long.
BEGIN {
  print "// Generated from the files of profiles/hardware."
  print "#include \"profiles/shipped_files.h\""
  print ""
  print "#include <string_view>"
  print "#include <vector>"
  print ""
  print "#include \"profiles/library.h\""
  print ""
  print "namespace commplan::profiles {"
  print ""
  print "std::vector<LibraryFile> ShippedFiles() {"
  print "  using namespace std::string_view_literals;"
  print "  return {"
}
FNR == 1 {
  if (files++) print "\"\"sv},"
  print "{\"" FILENAME "\"sv,"
}
{
  gsub(/\\/, "\\\\&")
  gsub(/"/, "\\\"")
  gsub(/\r/, "\\r")
  print "\"" $0 "\\n\""
}
END {
  if (files) print "\"\"sv},"
  print "  };"
  print "}"
  print ""
  print "}  // namespace commplan::profiles"
}
