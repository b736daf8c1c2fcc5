# The target sluice_arrow: Apache Arrow and Parquet out of PyPI's wheel `pyarrow` (tools/arrow.sh fetches it).
#
# Nothing of it need be there when CMake configures: the program alone is built without it, and whatever links it waits for
# the target sluice_arrow_wheel.
set(SLUICE_ARROW_VERSION 26.0.1)  # as tools/arrow.sh has it
set(root ${PROJECT_SOURCE_DIR}/.deps/pyarrow-${SLUICE_ARROW_VERSION})
set(SLUICE_ARROW_LIBRARIES ${root}/pyarrow/libarrow.so.2600 ${root}/pyarrow/libparquet.so.2600)

add_custom_command(OUTPUT ${root}/complete ${SLUICE_ARROW_LIBRARIES}
  COMMAND ${PROJECT_SOURCE_DIR}/tools/arrow.sh COMMENT "Arrow ${SLUICE_ARROW_VERSION}" VERBATIM)
add_custom_target(sluice_arrow_wheel DEPENDS ${root}/complete)

add_library(sluice_arrow INTERFACE)
target_include_directories(sluice_arrow SYSTEM INTERFACE ${root}/pyarrow/include)
target_link_libraries(sluice_arrow INTERFACE ${SLUICE_ARROW_LIBRARIES})
target_compile_features(sluice_arrow INTERFACE cxx_std_20)
