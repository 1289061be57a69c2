"""Native Java rules under the rules_java name.

Bazel's own tools load this label even where nothing is Java. Used only where the packaged rules are
absent (a Bazel that did not come from the distribution).
"""

java_binary = native.java_binary
java_import = native.java_import
java_library = native.java_library
java_lite_proto_library = native.java_lite_proto_library
java_package_configuration = native.java_package_configuration
java_plugin = native.java_plugin
java_proto_library = native.java_proto_library
java_runtime = native.java_runtime
java_test = native.java_test
java_toolchain = native.java_toolchain
