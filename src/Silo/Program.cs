using System.CommandLine;
using MeshGrains.Silo;

// The commands bound their own ends; the library would cut a stop off after two seconds.
return await MeshGrainsCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(10) });
