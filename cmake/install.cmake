# cmake --install: libraries, headers below include/fringe, the program, and what find_package(fringe) reads.
include(CMakePackageConfigHelpers)

get_property(fringe_libraries GLOBAL PROPERTY FRINGE_LIBRARIES)
set(fringe_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/fringe)
# What only sources of their own folder include.
set(fringe_internal PATTERN data EXCLUDE)
foreach(header *_impl trace_hdf5 trace_reader trace_check compare_run ordered_file toml_section experiment_sections commands onnx_dims onnx_draft onnx_fold
        onnx_site onnx_window onnx_writer)
  list(APPEND fringe_internal PATTERN "${header}.hpp" EXCLUDE)
endforeach()
foreach(library IN LISTS fringe_libraries)
  install(TARGETS fringe_${library} EXPORT fringeTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${library} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fringe
          FILES_MATCHING PATTERN "*.hpp" ${fringe_internal})
endforeach()
install(EXPORT fringeTargets NAMESPACE fringe:: DESTINATION ${fringe_cmake_dir})
install(TARGETS fringe RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(FRINGE_PYTHON)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/python/ DESTINATION ${CMAKE_INSTALL_DATADIR}/fringe/python
          FILES_MATCHING PATTERN "*.py")
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/fringeConfig.cmake.in
  ${PROJECT_BINARY_DIR}/fringeConfig.cmake INSTALL_DESTINATION ${fringe_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/fringeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/fringeConfig.cmake ${PROJECT_BINARY_DIR}/fringeConfigVersion.cmake
        DESTINATION ${fringe_cmake_dir})
