//! Ids, blocks, headers, certificates, codecs and signing namespaces of a Hansa league. No IO.
