kgq_test(insight fuse)
kgq_test(insight functions)
kgq_test(insight write LINK PkgConfig::JANSSON)
kgq_test(insight explain LINK PkgConfig::JANSSON)
