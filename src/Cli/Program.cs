using MeshGrains.Cli;

return await MeshCtl.RunAsync(args, CliHost.OfThisProcess(), CancellationToken.None);
