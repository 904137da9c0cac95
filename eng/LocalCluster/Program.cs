using System.CommandLine;
using MeshGrains.LocalCluster;

// The commands bound their own ends; the library would cut a stop off after two seconds.
return await ClusterCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(10) });
