// Orleans' own package brings these as global usings; Solo has the same namespaces.
global using Orleans;
global using Orleans.Concurrency;
global using Orleans.Runtime;
